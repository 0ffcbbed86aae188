"""Memory limits of the control groups that this process is in, in cgroup v1 and v2."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROCESS_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def memory_limits() -> list[int]:
    """Limits of the process's own groups and of all those above them, in bytes.

    In a container the listed path may be that of the machine and not be there; the mounted root
    is then the container's own group and is read all the same.
    """
    limits = []
    for path in _limit_files():
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdecimal():  # "max" stands for no limit
            limits.append(int(text))
    return limits


def _limit_files() -> Iterator[Path]:
    """Files that may hold a limit, from the process's groups up to the roots."""
    groups = {"": "/", "memory": "/"}  # by controller; v2 has a single hierarchy without a name
    try:
        lines = PROCESS_GROUPS.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        groups |= dict.fromkeys(controllers.split(","), group)
    for root, name, controller in (
        (GROUPS, "memory.max", ""),
        (GROUPS / "memory", "memory.limit_in_bytes", "memory"),
    ):
        parts = [
            part for part in PurePosixPath(groups[controller]).parts if part not in ("/", "..")
        ]
        for depth in range(len(parts), -1, -1):
            yield root.joinpath(*parts[:depth], name)
