"""Waiting for what other processes do."""

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait until a condition holds, and return what it returned.

    Raises:
        TimeoutError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return value
