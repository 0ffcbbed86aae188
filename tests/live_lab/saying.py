"""What a scenario says while it runs."""

import sys
import time
from typing import NoReturn

BEGAN = time.monotonic()
SKIPPED = 77
"""Exit code where a machine lacks what a scenario needs."""


def check(holds: object, what: str) -> None:
    """Say what holds; end where it does not."""
    if not holds:
        raise SystemExit(f"DOES NOT HOLD: {what}")
    say(what)


def say(what: str) -> None:
    """Say something, with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - BEGAN:5.0f} s  {what}\n")
    sys.stdout.flush()


def skip(reason: str) -> NoReturn:
    """Say what the machine lacks, and end."""
    sys.stdout.write(f"skipped: {reason}\n")
    sys.exit(SKIPPED)
