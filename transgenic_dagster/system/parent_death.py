"""Processes that never outlive the one that started them."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends in any way, SIGKILL included.

    The bond holds across ``exec``. To the kernel the parent is the thread that started this
    process, so start it from one that lasts.

    Args:
        parent: process id of the parent, as the parent itself knows it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended while this one was starting
        os._exit(1)
