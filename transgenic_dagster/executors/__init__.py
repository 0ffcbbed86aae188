"""Executors: Dagster's steps on GPUs and clusters."""
