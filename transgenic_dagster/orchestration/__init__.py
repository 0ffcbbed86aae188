"""Dagster: the pipeline as assets, and what runs them.

Nothing is imported here, so that steps start fast.
"""
