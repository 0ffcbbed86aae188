"""Text of input files: UTF-8, with single bytes of Windows-1252 where it is not.

GFF3 is UTF-8 by its specification, but many files hold notes in Windows-1252.
"""

import codecs
import io
from collections.abc import Iterable, Iterator

FALLBACK = "transgenic-windows-1252"
"""Name of the error handler that reads bytes which are not UTF-8 as Windows-1252."""


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


def decode_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    r"""Yield the text of the blocks, cut where lines end, with every line end as ``\n``.

    A byte order mark is dropped; the last block ends in ``\n`` whether the file does or not.
    """
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8")(errors=FALLBACK), translate=True
    )
    unfinished: list[str] = []
    at_start = True
    for block in blocks:
        text = decoder.decode(block)
        if at_start and text:
            # Python's utf-8-sig would swallow a file that is the beginning of a byte order mark.
            text, at_start = text.removeprefix("\ufeff"), False
        cut = text.rfind("\n") + 1
        if cut:
            yield "".join([*unfinished, text[:cut]])
            unfinished = []
        unfinished.append(text[cut:])
    last = "".join([*unfinished, decoder.decode(b"", final=True)])
    if last:
        yield last.removesuffix("\n") + "\n"
