"""The journal: predicted sentences become durable in groups, in order, one line each.

A line is the CRC-32 of its text, a space, and JSON. Appending is followed by fsync; a line that a
crash tore is dropped when the journal is opened again.
"""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from transgenic_dagster.gsf.sentence import PredictedSentence


def read_journal(path: Path) -> list[PredictedSentence]:
    """All sentences that are safe in a journal, in the order of writing; none without a file."""
    if not path.exists():
        return []
    with path.open("rb") as handle:
        return _read_lines(handle)[0]


class Journal:
    """A journal open for appending; entering drops what a crash tore."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = self._path.open("a+b")
        self._handle.seek(0)
        _, good_end = _read_lines(self._handle)
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
        text = json.dumps([asdict(sentence) for sentence in sentences]).encode()
        self._handle.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self._handle.flush()
        os.fsync(self._handle.fileno())


def _read_lines(handle: BinaryIO) -> tuple[list[PredictedSentence], int]:
    """Sentences up to the first damaged line, and the offset where that begins."""
    sentences: list[PredictedSentence] = []
    good_end = 0
    for line in handle:
        crc, _, text = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or crc != b"%08x" % zlib.crc32(text):
            break
        sentences += [PredictedSentence(**values) for values in json.loads(text)]
        good_end += len(line)
    return sentences, good_end
