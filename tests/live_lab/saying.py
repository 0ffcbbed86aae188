"""What a scenario says while it runs."""

import sys
import time

BEGAN = time.monotonic()


def check(holds: object, what: str) -> None:
    """Say what holds; end where it does not."""
    if not holds:
        raise SystemExit(f"DOES NOT HOLD: {what}")
    say(what)


def say(what: str) -> None:
    """Say something, with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - BEGAN:5.0f} s  {what}\n")
    sys.stdout.flush()
