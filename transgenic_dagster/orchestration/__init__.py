"""Dagster's definitions: assets, checks, partitions, sensors and schedule.

Nothing is imported here, so that steps start fast.
"""
