"""Dagster's definitions: assets, checks, partitions, conditions and sensors.

Nothing is imported here, so that steps start fast.
"""
