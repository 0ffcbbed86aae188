"""Runs the steps of Dagster on GPUs and clusters."""
