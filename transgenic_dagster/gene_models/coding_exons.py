"""The coding parts of a transcript along its strand, and what it costs to move their ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from transgenic_dagster.gene_models.boundary_costs import (
    BoundaryKind,
    Costs,
    add_site_scores,
    distance_costs,
)
from transgenic_dagster.gene_models.gene_model import TranscriptStructure
from transgenic_dagster.gene_models.strand_view import Integers, StrandView

BoundaryCosts = Sequence[Costs | None]
"""Costs of the two boundaries of each CDS part, in ascending order: ``2 * len(cds)`` entries.

Each is an array by forward offset (see ``boundary_costs``), or None for the distance alone.
"""

MovedBoundaries = Mapping[tuple[BoundaryKind, int], Iterable[int]]
"""Where boundaries of earlier transcripts went, by kind and written place on the genome."""


@dataclass(frozen=True, eq=False)
class Boundary:
    """One end of a coding part, along the strand.

    Args:
        kind: what lies there.
        number: 1-based number among those of its kind, in translation order.
        position: where it was written.
        costs: costs of moving it, by offset along the strand.
    """

    kind: BoundaryKind
    number: int
    position: int
    costs: Costs

    @property
    def max_distance(self) -> int:
        """How far it may move (nt)."""
        return len(self.costs) // 2

    def costs_of(self, positions: Integers) -> Costs:
        """Return the costs of moving it to positions, none farther than ``max_distance``."""
        return self.costs[positions - self.position + self.max_distance]


@dataclass(frozen=True)
class CodingExon:
    """One coding part, between its two boundaries."""

    left: Boundary
    right: Boundary


def coding_exons(
    view: StrandView,
    structure: TranscriptStructure,
    costs: BoundaryCosts,
    moved: MovedBoundaries,
    max_distance: int,
) -> list[CodingExon]:
    """Return the coding parts in translation order, those that touch as one.

    Args:
        view: the strand of the transcript.
        structure: the transcript as written.
        costs: costs of its boundaries.
        moved: moves that are free.
        max_distance: how far a boundary may move (nt).

    Raises:
        ValueError: costs of another length than ``2 * max_distance + 1``.
    """
    ends = [end for part in structure.cds for end in (part.start, part.end)]
    written = list(zip(ends, costs, strict=True))
    if view.strand == "-":
        written = [(end, None if cost is None else cost[::-1]) for end, cost in reversed(written)]
    spliced = [written[0]]
    for donor, acceptor in zip(written[1:-1:2], written[2:-1:2], strict=True):
        if donor[0] != acceptor[0]:
            spliced += [donor, acceptor]
    spliced.append(written[-1])

    def boundary(kind: BoundaryKind, index: int) -> Boundary:
        end, given = spliced[index]
        position = view.turn(end)
        by_offset = distance_costs(kind, max_distance) if given is None else given
        if by_offset.shape != (2 * max_distance + 1,):
            raise ValueError(
                f"costs of shape {by_offset.shape} do not reach {max_distance} nt to either side"
            )
        by_offset = _with_site_scores(view, kind, position, by_offset)
        for new in moved.get((kind, end), ()):
            offset = view.turn(new) - position
            by_offset[offset + max_distance] = min(by_offset[offset + max_distance], 0.0)
        return Boundary(kind, index // 2 + 1, position, by_offset)

    last = len(spliced) - 2
    return [
        CodingExon(
            boundary(BoundaryKind.ACCEPTOR if index else BoundaryKind.START, index),
            boundary(BoundaryKind.DONOR if index < last else BoundaryKind.STOP, index + 1),
        )
        for index in range(0, len(spliced), 2)
    ]


def _with_site_scores(view: StrandView, kind: BoundaryKind, position: int, costs: Costs) -> Costs:
    """Return a copy of the costs of a boundary, with what the sequence around it says."""
    match kind:
        case BoundaryKind.DONOR:
            scores, is_site = view.donor_scores, view.donors[position] >= 0
        case BoundaryKind.ACCEPTOR:
            scores, is_site = view.acceptor_scores, view.acceptors[position] >= 0
        case _:
            return costs.copy()
    middle = len(costs) // 2
    around = np.arange(position - middle, position + middle + 1).clip(0, view.length)
    return add_site_scores(costs, scores[around], written_is_site=bool(is_site))


def with_faults_movable(
    view: StrandView, exons: Sequence[CodingExon], *, start: bool, stop: bool
) -> list[CodingExon]:
    """Fix the boundaries of a transcript that can be read, but those at its faults.

    Faults are introns without canonical ends and an end that is missing. That nothing else moves
    makes refinement idempotent: from where one run moved things, another could reach farther.

    Args:
        view: the strand of the transcript.
        exons: its coding parts.
        start: whether the start may move.
        stop: whether the stop may move.
    """
    movable = {
        boundary
        for left, right in pairwise(exons)
        if not view.is_canonical(left.right.position, right.left.position)
        for boundary in (left.right, right.left)
    }
    if start:
        movable.add(exons[0].left)
    if stop:
        movable.add(exons[-1].right)

    def fixed(boundary: Boundary) -> Boundary:
        return boundary if boundary in movable else replace(boundary, costs=np.zeros(1))

    return [CodingExon(fixed(exon.left), fixed(exon.right)) for exon in exons]
