"""Writing bgzip, the form of gzip in which programs can look up a place."""

import io
from pathlib import Path
from typing import Any, TextIO, cast


class _BgzipFile(io.RawIOBase):
    """A file of pysam's as Python's text layer wants it.

    Args:
        path: file, device or pipe to write; a file is emptied.
    """

    def __init__(self, path: Path) -> None:
        from pysam import BGZFile  # only where it is needed

        self._file = BGZFile(str(path), "w", None)

    def writable(self) -> bool:
        """Say that one can write."""
        return True

    def write(self, data: Any) -> int:
        """Compress and write bytes."""
        content = bytes(data)
        self._file.write(content)
        return len(content)

    def close(self) -> None:
        """Write what is left, and the empty block that marks the end."""
        if not self.closed:
            self._file.close()
        super().close()


def open_bgzip(path: Path) -> TextIO:
    """Open a file to write text into, compressed with bgzip; the same text gives the same bytes."""
    buffer = io.BufferedWriter(_BgzipFile(path), 1 << 16)
    return cast(TextIO, io.TextIOWrapper(buffer, encoding="utf-8", newline="\n"))
