"""The journal: predicted sentences become durable in groups, in order, one line each.

A line is the CRC-32 of its text, a space and the text: the mark of the format, a space, and the
group's sentences as JSON, deflated, in base64. Appending is followed by fsync; a line that a crash
tore is dropped when the journal is opened again. A region that ran out of memory is written again
when it has been tried again: its last sentence counts.
"""

import json
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from transgenic_dagster.errors import RunError
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis

FORMAT_MARK = b"sentences-2"


def read_journal(path: Path) -> list[PredictedSentence]:
    """The sentences that are safe in a journal, one for each region; none without a file.

    Returns:
        The last sentence of each region, in the order in which regions were first written.

    Raises:
        RunError: another version of this program wrote the journal.
    """
    if not path.exists():
        return []
    with path.open("rb") as handle:
        sentences = _read_lines(handle, path)[0]
    return list({sentence.region_id: sentence for sentence in sentences}.values())


class Journal:
    """A journal open for appending; entering drops what a crash tore.

    Raises:
        RunError: on entering, another version of this program wrote the journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._path.open("a+b")
        self._handle.seek(0)
        try:
            _, good_end = _read_lines(self._handle, self._path)
        except RunError:
            self._handle.close()
            raise
        self._handle.truncate(good_end)
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
        text = FORMAT_MARK + b" " + _pack(sentences)
        self._handle.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._handle.flush()
        os.fsync(self._handle.fileno())


def _read_lines(handle: BinaryIO, path: Path) -> tuple[list[PredictedSentence], int]:
    """Sentences up to the first damaged line, and the offset where that begins."""
    sentences: list[PredictedSentence] = []
    good_end = 0
    for number, line in enumerate(handle, start=1):
        crc, _, text = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or crc != b"%08x" % zlib.crc32(text):
            break
        mark, _, packed = text.partition(b" ")
        if mark != FORMAT_MARK:
            raise RunError(
                f"Line {number} of the journal {path} was written by another version of this "
                "program; continue with that version, or predict again with --overwrite."
            )
        sentences += _unpack(packed)
        good_end += len(line)
    return sentences, good_end


def _pack(sentences: Sequence[PredictedSentence]) -> bytes:
    text = json.dumps(
        [asdict(sentence) for sentence in sentences],
        default=_bytes_as_text,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return b64encode(zlib.compress(text.encode(), level=9))


def _unpack(packed: bytes) -> list[PredictedSentence]:
    values = json.loads(zlib.decompress(b64decode(packed)))
    return [
        PredictedSentence(
            **_with_bytes(sentence)
            | {
                "alternatives": tuple(
                    SentenceHypothesis(**_with_bytes(other)) for other in sentence["alternatives"]
                )
            }
        )
        for sentence in values
    ]


def _bytes_as_text(value: object) -> str:
    """Digit costs as JSON can hold them: one letter for each byte."""
    if not isinstance(value, bytes):
        raise TypeError(f"{value!r} has no place in a journal")
    return value.decode("latin-1")


def _with_bytes(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"digit_costs": values["digit_costs"].encode("latin-1")}
