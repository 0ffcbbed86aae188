"""Text of input files: UTF-8, with single bytes of Windows-1252 where it is not.

GFF3 is UTF-8 by its specification, but many files hold notes in Windows-1252.
"""

import codecs
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from transgenic_dagster.errors import InputError

FALLBACK = "transgenic-windows-1252"
"""Name of the error handler that reads bytes which are not UTF-8 as Windows-1252."""


LONGEST_LINE = 1 << 24
"""Letters in a line of text; rows of annotations have thousands at most."""


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    # Five byte values mean nothing in Windows-1252; Latin-1 gives every byte a letter.
    letters = (bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in bad)
    return "".join(letters), error.end


codecs.register_error(FALLBACK, _as_windows_1252)


def decode_text(raw: bytes) -> str:
    """Decode bytes as UTF-8, and those that are not UTF-8 as Windows-1252; never fails."""
    return raw.decode("utf-8", errors=FALLBACK)


def decode_lines(
    blocks: Iterable[bytes], path: Path, longest_line: int = LONGEST_LINE
) -> Iterator[str]:
    r"""Yield the text of the blocks, cut where lines end, with every line end as ``\n``.

    A byte order mark is dropped; the last block ends in ``\n`` whether the file does or not. Of a
    line beyond ``longest_line`` that holds no tab, as chromosomes on a single line are, only the
    beginning is kept.

    Args:
        blocks: content of a file.
        path: the file, for messages.
        longest_line: about as many letters may a line have.

    Raises:
        InputError: a line with tabs is longer.
    """
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8")(errors=FALLBACK), translate=True
    )
    unfinished = _UnfinishedLine(path, longest_line)
    lines = 0
    at_start = True
    for block in blocks:
        text = decoder.decode(block)
        if at_start and text:
            # Python's utf-8-sig would swallow a file that is the beginning of a byte order mark.
            text, at_start = text.removeprefix("\ufeff"), False
        first_line, line_feed, more_lines = text.partition("\n")
        unfinished.add(first_line, lines + 1)
        if line_feed:
            cut = more_lines.rfind("\n") + 1
            whole = f"{unfinished.take()}\n{more_lines[:cut]}"
            lines += whole.count("\n")
            yield whole
            unfinished.add(more_lines[cut:], lines + 1)
    unfinished.add(decoder.decode(b"", final=True).removesuffix("\n"), lines + 1)
    last = unfinished.take()
    if last:
        yield last + "\n"


class _UnfinishedLine:
    """Beginning of a line whose end is not yet read, with memory for ``longest`` letters."""

    def __init__(self, path: Path, longest: int) -> None:
        self._path = path
        self._longest = longest
        self._parts: list[str] = []
        self._length = 0
        self._has_tabs = False

    def add(self, text: str, line: int) -> None:
        """Add what comes next; ``line`` is its number, for messages."""
        self._length += len(text)
        self._has_tabs = self._has_tabs or "\t" in text
        if self._length <= self._longest:
            self._parts.append(text)
        elif self._has_tabs:
            raise InputError(
                f"{self._path}, line {line} is longer than {self._longest:,} letters, which no row"
                " of an annotation is."
            )

    def take(self) -> str:
        """Return what is kept of the line, and begin the next."""
        text = "".join(self._parts)
        self._parts, self._length, self._has_tabs = [], 0, False
        return text
