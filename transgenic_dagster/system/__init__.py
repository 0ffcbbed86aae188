"""Atomic files, locks, signals and processes that end with their parent."""
