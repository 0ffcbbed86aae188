"""Untranslated parts that follow a refined coding sequence, and their introns.

All positions run along the strand of the transcript (see ``strand_view``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from transgenic_dagster.gene_models.boundary_costs import (
    BoundaryKind,
    Costs,
    distance_costs,
)
from transgenic_dagster.gene_models.gene_model import Interval
from transgenic_dagster.gene_models.strand_view import MIN_INTRON, Integers, StrandView


@dataclass(frozen=True)
class UtrMove:
    """A splice site of an untranslated part that was moved.

    Args:
        kind: donor or acceptor.
        intron: 1-based number of the intron among those of its side, in order of transcription.
        old: where it was.
        new: where it is.
        cost: cost in nats, by the distance.
    """

    kind: BoundaryKind
    intron: int
    old: int
    new: int
    cost: float


def upstream_of(parts: Sequence[Interval], written_start: int, start: int) -> list[Interval]:
    """Return the 5' untranslated parts once the coding sequence begins elsewhere.

    The part that touched the written start goes with it; what the coding sequence now covers goes.

    Args:
        parts: ascending, none beyond the written start.
        written_start: where the coding sequence began.
        start: where it begins now.
    """
    moved = list(parts)
    if moved and moved[-1].end == written_start:
        moved[-1] = Interval(moved[-1].start, max(start, moved[-1].start))
    clipped = [Interval(part.start, min(part.end, start)) for part in moved]
    return [part for part in clipped if part.start < part.end]


def downstream_of(parts: Sequence[Interval], written_end: int, end: int) -> list[Interval]:
    """Return the 3' untranslated parts once the coding sequence ends elsewhere.

    Args:
        parts: ascending, none before the written end.
        written_end: where the coding sequence ended.
        end: where it ends now.
    """
    mirrored = [Interval(-part.end, -part.start) for part in reversed(parts)]
    kept = upstream_of(mirrored, -written_end, -end)
    return [Interval(-part.end, -part.start) for part in reversed(kept)]


def splice_upstream(
    view: StrandView, parts: Sequence[Interval], start: int, max_distance: int
) -> tuple[list[Interval], list[UtrMove]]:
    """Give the introns before a coding sequence canonical ends where that is possible.

    Args:
        view: the strand of the window.
        parts: 5' untranslated parts, ascending, before ``start``.
        start: where the coding sequence begins; no part of it is taken.
        max_distance: farthest move of a splice site (nt).

    Returns:
        The parts, with one more where an intron now ends before ``start``, and the moves.
    """
    exons = [*parts, Interval(start, start)]
    return _spliced(view, exons, max_distance)


def splice_downstream(
    view: StrandView, parts: Sequence[Interval], end: int, max_distance: int
) -> tuple[list[Interval], list[UtrMove]]:
    """Give the introns behind a coding sequence canonical ends; see ``splice_upstream``."""
    exons = [Interval(end, end), *parts]
    return _spliced(view, exons, max_distance)


def without_short_gap_before(parts: Sequence[Interval], start: int) -> list[Interval]:
    """Extend the last 5' untranslated part to a coding sequence too close for an intron between.

    Args:
        parts: ascending, before ``start``.
        start: where the coding sequence begins, if it was moved there.
    """
    if parts and 0 < start - parts[-1].end < MIN_INTRON:
        return [*parts[:-1], Interval(parts[-1].start, start)]
    return list(parts)


def without_short_gap_behind(parts: Sequence[Interval], end: int) -> list[Interval]:
    """Extend the first 3' untranslated part likewise; see ``without_short_gap_before``."""
    if parts and 0 < parts[0].start - end < MIN_INTRON:
        return [Interval(end, parts[0].end), *parts[1:]]
    return list(parts)


def _spliced(
    view: StrandView, parts: list[Interval], max_distance: int
) -> tuple[list[Interval], list[UtrMove]]:
    """Move the ends of introns; an empty part is the edge of the coding sequence.

    A canonical intron never moves again, so that repeating this until nothing moves moves each
    splice site once at most.
    """
    moves: list[UtrMove] = []
    changed = True
    while changed:
        changed = False
        for number in range(1, len(parts)):
            left, right = parts[number - 1], parts[number]
            if left.end == right.start or view.is_canonical(left.end, right.start):
                continue
            intron = _intron_between(view, left, right, max_distance)
            if intron is None:
                continue
            changed = True
            parts[number - 1] = Interval(left.start, intron.start)
            parts[number] = Interval(intron.end, right.end)
            for kind, old, new in (
                (BoundaryKind.DONOR, left.end, intron.start),
                (BoundaryKind.ACCEPTOR, right.start, intron.end),
            ):
                if old != new:
                    cost = distance_costs(kind, max_distance)[new - old + max_distance]
                    moves.append(UtrMove(kind, number, old, new, float(cost)))
    return [part for part in parts if part.start < part.end], moves


def _intron_between(
    view: StrandView, left: Interval, right: Interval, max_distance: int
) -> Interval | None:
    """Return the cheapest canonical intron near the gap between two parts, None without one."""
    # An empty part is the edge of the coding sequence: it may grow but needs no base.
    first = max(left.end - max_distance, left.start + (left.start < left.end))
    last = min(right.start + max_distance, right.end - (right.start < right.end))
    donors = np.arange(first, min(left.end + max_distance, view.length) + 1)
    acceptors = np.arange(max(right.start - max_distance, 0), last + 1)
    if not donors.size or not acceptors.size:
        return None
    costs = view.intron_costs(donors, acceptors)
    costs += _costs_of_moves(BoundaryKind.DONOR, left.end, donors, max_distance)[:, None]
    costs += _costs_of_moves(BoundaryKind.ACCEPTOR, right.start, acceptors, max_distance)
    donor, acceptor = np.unravel_index(costs.argmin(), costs.shape)
    if not np.isfinite(costs[donor, acceptor]):
        return None
    return Interval(int(donors[donor]), int(acceptors[acceptor]))


def _costs_of_moves(
    kind: BoundaryKind, written: int, positions: Integers, max_distance: int
) -> Costs:
    return distance_costs(kind, max_distance)[positions - written + max_distance]
