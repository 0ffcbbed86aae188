"""Waiting for what other processes do."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 900
"""Far longer than anything takes on a busy machine: what does not hold by then never will."""


def wait_for(
    condition: Callable[[], Any],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    *,
    by: "subprocess.Popen[Any] | None" = None,
) -> Any:
    """Wait until a condition holds, and return what it returned.

    Args:
        condition: what must hold.
        what: its name in the error.
        seconds: deadline.
        by: the process that brings it about; nothing is waited for once that has ended.

    Raises:
        TimeoutError: it did not hold in time.
        RuntimeError: the process ended first.
    """
    deadline = time.monotonic() + seconds
    while True:
        ended = by is not None and by.poll() is not None
        if value := condition():
            return value
        if ended:
            raise RuntimeError(f"the process ended with {by.returncode} before: {what}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
