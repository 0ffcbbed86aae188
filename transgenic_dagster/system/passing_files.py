"""Files that are to go with their process, such as locks, also where it ends at once."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_present: set[Path] = set()


@contextmanager
def passing_file(path: Path) -> Iterator[None]:
    """Remove a file when the block, or the process, ends (but not where that is killed)."""
    _present.add(path)
    try:
        yield
    finally:
        _remove(path)


def remove_passing_files() -> None:
    """Remove all such files of this process, which is about to end without ending its blocks."""
    for path in list(_present):
        _remove(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
    _present.discard(path)
