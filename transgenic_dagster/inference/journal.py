"""The journal: predicted sentences become durable in groups, in order, one line each.

A line is the CRC-32 of its text, a space and the text: the mark of the format, the identity of the
run and piece that it belongs to, and the group's sentences as JSON, deflated, in base64. Appending
is followed by fsync; a line that a crash tore is dropped when the journal is opened again, and one
that was damaged since does not count. A region that ran out of memory is written again when it has
been tried again: its last sentence counts.
"""

import json
import logging
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from transgenic_dagster.errors import UsageError
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.gsf.token_scores import PreferredNumber, TokenScores

FORMAT_MARK = b"sentences-3"
_BLOCK = 1 << 16

logger = logging.getLogger(__name__)


class ForeignJournalError(UsageError):
    """A journal that belongs to something else."""


def read_journal(path: Path, identity: str) -> list[PredictedSentence]:
    """The sentences that are safe in a journal, one for each region; none without a file.

    Args:
        path: of the journal.
        identity: what the journal must belong to.

    Returns:
        The last sentence of each region, in the order in which regions were first written.

    Raises:
        ForeignJournalError: it belongs to another run or piece, or another version of this program
            wrote it.
    """
    if not path.exists():
        return []
    with path.open("rb") as handle:
        sentences = _read_lines(handle, path, identity)
    return list({sentence.region_id: sentence for sentence in sentences}.values())


class Journal:
    """A journal open for appending; entering drops what a crash tore.

    Args:
        path: of the journal.
        identity: what it belongs to; letters and digits.

    Raises:
        ForeignJournalError: on entering, as ``read_journal``.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path, self._identity = path, identity

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._path.open("a+b")
        self._handle.seek(0)
        try:
            _read_lines(self._handle, self._path, self._identity)
        except ForeignJournalError:
            self._handle.close()
            raise
        self._handle.truncate(_end_of_last_line(self._handle))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()

    def append(self, sentences: Sequence[PredictedSentence]) -> None:
        """Make one group of sentences durable, all or none of them."""
        text = b"%s %s %s" % (FORMAT_MARK, self._identity.encode(), _pack(sentences))
        self._handle.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._handle.flush()
        os.fsync(self._handle.fileno())


def _read_lines(handle: BinaryIO, path: Path, identity: str) -> list[PredictedSentence]:
    sentences: list[PredictedSentence] = []
    damaged = []
    for number, line in enumerate(handle, start=1):
        if not line.endswith(b"\n"):
            break  # torn
        crc, _, text = line[:-1].partition(b" ")
        if crc != b"%08x" % zlib.crc32(text):
            damaged.append(number)
            continue
        mark, _, rest = text.partition(b" ")
        owner, _, packed = rest.partition(b" ")
        if mark != FORMAT_MARK:
            raise ForeignJournalError(
                f"Line {number} of the journal {path} was written by another version of this "
                "program; continue with that version, or predict again with --overwrite."
            )
        if owner != identity.encode():
            raise ForeignJournalError(
                f"Line {number} of the journal {path} belongs to another run or another piece; "
                "put the right file back, or predict again with --overwrite."
            )
        sentences += _unpack(packed)
    if damaged:
        logger.warning(
            "line %s of the journal %s is damaged; its regions are predicted again",
            ", ".join(map(str, damaged)),
            path,
        )
    return sentences


def _end_of_last_line(handle: BinaryIO) -> int:
    """Offset behind the last line end; what follows a crash tore."""
    end = handle.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - _BLOCK)
        handle.seek(begin)
        found = handle.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _pack(sentences: Sequence[PredictedSentence]) -> bytes:
    text = json.dumps(
        [asdict(sentence) for sentence in sentences],
        default=_bytes_as_text,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    # A GPU waits for this. The highest level takes fifty times as long for a fifth less.
    return b64encode(zlib.compress(text.encode(), level=1))


def _unpack(packed: bytes) -> list[PredictedSentence]:
    values = json.loads(zlib.decompress(b64decode(packed)))
    return [
        PredictedSentence(
            **_with_bytes(sentence)
            | {
                "alternatives": tuple(
                    SentenceHypothesis(**_with_bytes(other)) for other in sentence["alternatives"]
                ),
                "tokens": _token_scores(sentence["tokens"]),
            }
        )
        for sentence in values
    ]


def _token_scores(values: dict[str, Any] | None) -> TokenScores | None:
    if values is None:
        return None
    preferred = (one and PreferredNumber(**one) for one in values["preferred"])
    return TokenScores(tuple(values["log_probabilities"]), tuple(preferred))


def _bytes_as_text(value: object) -> str:
    """Digit costs as JSON can hold them: one letter for each byte."""
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} has no place in a journal")
    return value.decode("latin-1")


def _with_bytes(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"digit_costs": values["digit_costs"].encode("latin-1")}
