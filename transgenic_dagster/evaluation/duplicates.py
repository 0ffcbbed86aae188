"""Transcripts of the reference that repeat another one, as gffcompare leaves them out.

A transcript repeats an earlier one of the file with the same intron chain (or, of single exons, one
that matches it) if it has the same ends or lies within it. The longer of the two stays, the coding
one before the other. One that contains an earlier one is kept beside it.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable

from transgenic_dagster.evaluation.class_codes import single_exons_match
from transgenic_dagster.evaluation.segments import Segment
from transgenic_dagster.evaluation.transcripts import Transcript, position


def without_duplicates(transcripts: Iterable[Transcript]) -> list[Transcript]:
    """Return the transcripts that remain.

    Args:
        transcripts: of one strand of one sequence, in the order of the file.
    """
    sources: dict[str, int] = {}
    spliced: dict[tuple[Segment, ...], list[Transcript]] = {}
    single = _SingleExons()
    for one in transcripts:
        sources.setdefault(one.source, len(sources))
        if len(one.exons) == 1:
            earlier = single.repeated_by(one)
        else:
            alike = spliced.setdefault(one.introns, [])
            earlier = next((other for other in _last_first(alike) if _contains(other, one)), None)
        if earlier is not None and _is_better(earlier, one, sources):
            continue
        if len(one.exons) == 1:
            single.replace(earlier, one)
        else:
            if earlier is not None:
                alike.remove(earlier)
            alike.append(one)
    return [*(one for alike in spliced.values() for one in alike), *single.kept]


class _SingleExons:
    """Single exons kept so far, by start, end and identifier."""

    def __init__(self) -> None:
        self.kept: list[Transcript] = []
        self._longest = 0

    def repeated_by(self, one: Transcript) -> Transcript | None:
        index = bisect_right(self.kept, (one.end,), key=lambda other: (other.start,))
        while index > 0 and self.kept[index - 1].start > one.start - self._longest:
            index -= 1
            other = self.kept[index]
            if _contains(other, one) and single_exons_match(one, other):
                return other
        return None

    def replace(self, earlier: Transcript | None, one: Transcript) -> None:
        if earlier is not None:
            self.kept.remove(earlier)
        insort(self.kept, one, key=position)
        self._longest = max(self._longest, one.length)


def _last_first(transcripts: list[Transcript]) -> list[Transcript]:
    return sorted(transcripts, key=position, reverse=True)


def _contains(one: Transcript, other: Transcript) -> bool:
    return one.start <= other.start and other.end <= one.end


def _is_better(earlier: Transcript, one: Transcript, sources: dict[str, int]) -> bool:
    if bool(earlier.cds) != bool(one.cds):
        return bool(earlier.cds)
    if earlier.length != one.length:
        return earlier.length > one.length
    return sources[earlier.source] < sources[one.source]
