"""Atomic files, paths, digests, locks, signals and processes that end with their parent."""
