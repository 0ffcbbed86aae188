"""Dagster's definitions; nothing is imported here, so that steps start fast."""
