"""Processors that this process may use."""

import os


def granted_processors() -> int:
    """Return as many as ``OMP_NUM_THREADS`` grants, else one per core."""
    granted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return max(1, int(granted) if granted.isdecimal() else os.cpu_count() or 1)
