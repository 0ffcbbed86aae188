"""Files that are read more than once: the same bytes each time, or an error."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from transgenic_dagster.errors import InputError
from transgenic_dagster.system.digest import file_sha256

_CLOCKS_DIFFER_NS = 10_000_000_000
"""Times of change are as coarse as two seconds, and a server's clock is not this machine's."""


@dataclass(frozen=True)
class _State:
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        status: os.stat_result = path.stat()
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def content(self) -> tuple[int, int, int]:
        return self.inode, self.size, self.mtime_ns


@dataclass(frozen=True)
class DigestedFiles:
    """Files, the digest of their bytes, and the state in which they were digested.

    Args:
        paths: of the files.
        sha256: over their bytes, one file after another; hexadecimal.
        began_ns: time at which that was begun.
        states: as they were then.
    """

    paths: tuple[Path, ...]
    sha256: str
    began_ns: int
    states: tuple[_State, ...]

    @classmethod
    def read(cls, *paths: Path) -> Self:
        """Digest files.

        Raises:
            InputError: one changes meanwhile.
            OSError: one cannot be read.
        """
        began_ns = time.time_ns()
        states = tuple(map(_State.of, paths))
        files = cls(paths, file_sha256(*paths), began_ns, states)
        files._refuse_visible_change()
        return files

    def refuse_change(self) -> None:
        """Check that the files are those that were digested.

        Where times cannot tell (the file was new, or only its metadata differ), they are digested
        again.

        Raises:
            InputError: one has changed, or is gone.
        """
        if self._refuse_visible_change() and file_sha256(*self.paths) != self.sha256:
            raise _changed(self.paths[-1])

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Read the files in the block: an error where they change before its end.

        Raises:
            InputError: as ``refuse_change``, also in place of an error that follows from it.
        """
        try:
            yield
        except Exception:
            self.refuse_change()
            raise
        self.refuse_change()

    def _refuse_visible_change(self) -> bool:
        """Compare states; returns whether they leave a doubt."""
        doubt = False
        for path, before in zip(self.paths, self.states, strict=True):
            try:
                now = _State.of(path)
            except OSError as error:
                raise _changed(path) from error
            if now.content() != before.content():
                raise _changed(path)
            newest = max(before.mtime_ns, before.ctime_ns)
            doubt |= now != before or newest > self.began_ns - _CLOCKS_DIFFER_NS
        return doubt


def _changed(path: Path) -> InputError:
    return InputError(f"{path} changed while it was read; try again when it is complete.")
