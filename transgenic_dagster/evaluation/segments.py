"""Intervals on one sequence: 0-based half-open ``(start, end)``."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

Segment = tuple[int, int]
"""Start (0-based) and end (exclusive)."""


def merge(segments: Iterable[Segment], gap: int = 0) -> list[Segment]:
    """Return the union, ascending, with parts joined that lie at most ``gap`` nt apart."""
    merged: list[Segment] = []
    for start, end in sorted(segments):
        if merged and start - merged[-1][1] <= gap:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def overlap(one: Segment, other: Segment) -> int:
    """Return how many nucleotides two intervals share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def shared(ones: Sequence[Segment], others: Sequence[Segment]) -> int:
    """Return how many nucleotides two lists of ascending, disjoint intervals share."""
    common = i = j = 0
    while i < len(ones) and j < len(others):
        start, end = ones[i]
        other_start, other_end = others[j]
        # Written out, since nothing is called more often.
        first = start if start > other_start else other_start
        last = end if end < other_end else other_end
        if first < last:
            common += last - first
        if end < other_end:
            i += 1
        else:
            j += 1
    return common


def total(segments: Iterable[Segment]) -> int:
    """Return the nucleotides of disjoint intervals."""
    return sum(end - start for start, end in segments)


class _Placed(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


PlacedT = TypeVar("PlacedT", bound=_Placed)


class Placed(Generic[PlacedT]):
    """Things with a ``start`` and an ``end``, to be found by position.

    Args:
        things: sorted by start.
    """

    def __init__(self, things: Sequence[PlacedT]) -> None:
        self.things = things
        self.starts = [thing.start for thing in things]
        self._ends = list(accumulate((thing.end for thing in things), max))

    def overlapping(self, start: int, end: int) -> Iterator[PlacedT]:
        """Yield those that share a position with ``[start, end)``, the last first."""
        index = bisect_left(self.starts, end) - 1
        while index >= 0 and self._ends[index] > start:
            if self.things[index].end > start:
                yield self.things[index]
            index -= 1
