"""Processes of a lab, found by their environment: those that a test started, and their children."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def processes_of(lab: Path) -> dict[int, dict[str, str]]:
    """Environment of every process that works in a lab, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:  # it has just ended, or is somebody else's
            continue
        values = dict(variable.partition("=")[::2] for variable in text.split("\0"))
        if values.get("DAGSTER_HOME") == str(lab) and int(process.name) != os.getpid():
            found[int(process.name)] = values
    return found


def kill_all(lab: Path) -> list[str]:
    """End every process of a lab with SIGKILL, as a power cut does; returns their commands."""
    killed: dict[int, str] = {}
    while left := processes_of(lab):  # what has ended, and is waited for by nobody, is not there
        for process in left:
            killed.setdefault(process, command_of(process))
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    return list(killed.values())


def command_of(process: int) -> str:
    """Command line of a process; empty where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def parent_of(process: int) -> int:
    """The process that started a process; 0 where that has ended."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def lock_holder(path: Path) -> int | None:
    """The process that holds a lock on a file."""
    inode = str(path.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if "->" not in fields and fields[5].rpartition(":")[2] == inode:
            return int(fields[4])
    return None
