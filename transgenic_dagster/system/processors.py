"""Processors that this process may use."""

import math
import os

from transgenic_dagster.system.control_groups import processor_limits


def granted_processors() -> int:
    """Return as many as ``OMP_NUM_THREADS`` grants, else those that are left to this process.

    A job may be bound to some processors, or be in a control group that has the time of a few.
    """
    granted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if granted.isdecimal():
        return max(1, int(granted))
    limits = [len(os.sched_getaffinity(0)), *map(math.ceil, processor_limits())]
    return max(1, min(limits))
