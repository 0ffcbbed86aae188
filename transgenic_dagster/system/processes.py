"""Processes: names that tell others, on this host or another, who made a file, and their start."""

import os
import time
from pathlib import Path


def process_name() -> str:
    """Return the name of this process, ``<process id>@<host>``."""
    return f"{os.getpid()}@{os.uname().nodename}"


def has_ended(name: str) -> bool:
    """Return whether the process of that name is certainly gone.

    False for a process of another host, of which nothing is known, and for other texts.
    """
    process_id, _, host = name.partition("@")
    if host != os.uname().nodename or not process_id.isdecimal():
        return False
    try:
        os.kill(int(process_id), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # it runs, for another user
    return False


def start_of(process_id: int) -> float | None:
    """Return the time in seconds when a process began; None where there is none of this number."""
    try:
        ticks = int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")


def hush_semaphore_tracker() -> None:
    """Have Python's tracker of semaphores, which cleans up after killed runs, not say so."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
