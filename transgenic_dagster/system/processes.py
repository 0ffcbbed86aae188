"""Names of processes that tell other processes, on this host or another, who made a file."""

import os


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
