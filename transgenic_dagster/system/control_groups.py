"""Limits of the control groups that this process is in, in cgroup v1 and v2."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROCESS_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def memory_limits() -> list[int]:
    """Limits of the process's own groups and of all those above them, in bytes."""
    limits = []
    for folder in _folders(""):
        limits += _numbers(folder / "memory.max")
    for folder in _folders("memory"):
        limits += _numbers(folder / "memory.limit_in_bytes")
    return [limit for (limit,) in limits]


def processor_limits() -> list[float]:
    """Processors whose time the process's own groups and all those above them may use."""
    limits = []
    for folder in _folders(""):
        limits += _numbers(folder / "cpu.max")
    for folder in _folders("cpu"):
        quotas, periods = (_numbers(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        limits += [quota + period for quota, period in zip(quotas, periods, strict=False)]
    return [quota / period for quota, period in limits]


def _numbers(path: Path) -> list[tuple[int, ...]]:
    """The numbers in a file, once; nothing where they are no limit or there is no such file."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    # "max" and -1 stand for no limit.
    return [tuple(map(int, words))] if words and all(map(str.isdecimal, words)) else []


def _folders(controller: str) -> Iterator[Path]:
    """Folders of the process's groups, up to the root.

    In a container the listed path may be that of the machine and not be there; the mounted root
    is then the container's own group and is read all the same.

    Args:
        controller: of cgroup v1; empty for v2, which has a single hierarchy without a name.
    """
    groups = {controller: "/"}
    try:
        lines = PROCESS_GROUPS.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        groups |= dict.fromkeys(controllers.split(","), group)
    parts = [part for part in PurePosixPath(groups[controller]).parts if part not in ("/", "..")]
    for depth in range(len(parts), -1, -1):
        yield (GROUPS / controller).joinpath(*parts[:depth])
