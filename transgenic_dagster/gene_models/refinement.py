"""Refinement of predicted transcripts against the DNA.

A model that writes coordinates digit by digit counts a little wrong: most boundaries are right to
the base, but the end at the stop codon, now and then a splice site, misses by a few nucleotides.
The DNA knows where the codon is. For each transcript new positions of all boundaries of its coding
sequence are chosen at once, so that it reads from ATG to its first stop codon in frame, through
introns with canonical ends, at the least total cost (``boundary_costs``, ``reading_frame``). The
untranslated parts follow (``utr_refinement``). A transcript that reads well as written stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from transgenic_dagster.gene_models.boundary_costs import BoundaryKind
from transgenic_dagster.gene_models.coding_exons import (
    Boundary,
    BoundaryCosts,
    CodingExon,
    coding_exons,
    with_faults_movable,
)
from transgenic_dagster.gene_models.gene_model import (
    CdsPart,
    Interval,
    Move,
    Orf,
    Refinement,
    TranscriptQuality,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gene_models.reading_frame import (
    Ends,
    Reading,
    least_cost_reading,
)
from transgenic_dagster.gene_models.strand_view import StrandView
from transgenic_dagster.gene_models.utr_refinement import (
    UtrMove,
    downstream_of,
    splice_downstream,
    splice_upstream,
    upstream_of,
    without_short_gap_before,
    without_short_gap_behind,
)

MAX_DISTANCE: Final = 60
"""How far a boundary may move by default (nt)."""


ORF_COSTS: Final = {Orf.COMPLETE: 0.0, Orf.PARTIAL5: 8.0, Orf.PARTIAL3: 8.0, Orf.BROKEN: 16.0}
"""Costs (nats) of what is missing, by which the alternatives of a transcript compare."""
LEFT_OUT_COST: Final = 6.0
"""Cost (nats) of leaving out an internal exon."""


@dataclass(frozen=True, slots=True)
class RefinedTranscript:
    """A transcript after refinement: where its parts lie now, and how they got there."""

    structure: TranscriptStructure
    orf: Orf
    moves: tuple[Move, ...] = ()
    cost: float = 0.0

    @property
    def total_cost(self) -> float:
        """Cost of the moves and of what is missing (nats), to compare predictions by."""
        return self.cost + ORF_COSTS[self.orf]

    @property
    def refinement(self) -> Refinement:
        """All but the structure."""
        return Refinement(self.orf, self.moves, self.cost)


def refine_gene(
    structures: Sequence[TranscriptStructure],
    window_sequence: str,
    window_start: int,
    costs: Sequence[BoundaryCosts | None] | None = None,
    max_distance: int = MAX_DISTANCE,
) -> list[RefinedTranscript]:
    """Refine the transcripts of one gene, in order.

    A boundary that an earlier transcript has moved moves with a later one, written in the same
    place, for nothing.

    Args:
        structures: transcripts inside the window, 5' untranslated parts upstream of their coding
            parts and 3' ones downstream.
        window_sequence: forward strand of the window, upper-case ACGTN.
        window_start: 0-based position of the window on the sequence.
        costs: for each transcript the costs of its boundaries, or None for distances alone.
        max_distance: how far a boundary of a coding sequence may move (nt).

    Returns:
        One refined transcript for each structure.
    """
    refiner = _GeneRefiner(window_sequence, window_start, max_distance)
    all_costs = costs if costs is not None else [None] * len(structures)
    return [
        refiner.refine(structure, transcript_costs or [None] * (2 * len(structure.cds)))
        for structure, transcript_costs in zip(structures, all_costs, strict=True)
    ]


class _GeneRefiner:
    """Refines the transcripts of a gene one after the other and remembers what it moved."""

    def __init__(self, window_sequence: str, window_start: int, max_distance: int) -> None:
        self._window_sequence = window_sequence
        self._window_start = window_start
        self._max_distance = max_distance
        self._views: dict[str, StrandView] = {}
        self._moved: dict[tuple[BoundaryKind, int], set[int]] = {}

    def refine(self, structure: TranscriptStructure, costs: BoundaryCosts) -> RefinedTranscript:
        """Refine one transcript."""
        strand = structure.strand
        if strand not in self._views:
            self._views[strand] = StrandView(self._window_sequence, self._window_start, strand)
        view = self._views[strand]
        quality = assess(structure, self._window_sequence, self._window_start)
        written = _orf_as_written(quality)
        if written is Orf.COMPLETE and quality.canonical_introns == quality.introns:
            return RefinedTranscript(structure, written)
        exons = coding_exons(view, structure, costs, self._moved, self._max_distance)
        orf, reading = _choose_reading(view, exons, structure.first_cds.phase, written)
        if reading is None:
            return RefinedTranscript(structure, orf)
        refined = RefinedTranscript(structure, orf)
        moves = _moves_of(view, exons, reading)
        if moves or reading.phase != structure.first_cds.phase:
            self._remember(view, exons, reading)
            cds = _cds_parts(view, reading)
            refined = RefinedTranscript(replace(structure, cds=cds), orf, moves, reading.cost)
        return _with_utrs(view, structure, refined, self._max_distance)

    def _remember(self, view: StrandView, exons: Sequence[CodingExon], reading: Reading) -> None:
        for boundary, position in _moved_boundaries(exons, reading):
            written = boundary.kind, view.turn_back(boundary.position)
            self._moved.setdefault(written, set()).add(view.turn_back(position))


def _orf_as_written(quality: TranscriptQuality) -> Orf:
    """Return how much of a reading frame a transcript has as it was written."""
    if quality.inframe_stops:
        return Orf.BROKEN
    match quality.start_codon, quality.stop_codon:
        case True, True:
            return Orf.COMPLETE
        case False, True:
            return Orf.PARTIAL5
        case True, False:
            return Orf.PARTIAL3
    return Orf.BROKEN


def _choose_reading(
    view: StrandView, exons: Sequence[CodingExon], phase: int, written: Orf
) -> tuple[Orf, Reading | None]:
    """Return what kind of reading frame a transcript gets, and how it is read.

    Args:
        view: the strand of the window.
        exons: the coding parts as written.
        phase: the phase written for the first of them.
        written: what kind of reading frame they have as written.

    Returns:
        ``BROKEN`` and None where there is no reading.
    """
    if written is not Orf.BROKEN:
        exons = with_faults_movable(
            view, exons, start=written is Orf.PARTIAL5, stop=written is Orf.PARTIAL3
        )
    if written is Orf.PARTIAL5 and phase:
        # A phase other than 0 says that the model meant a gene without its start.
        reading = least_cost_reading(view, exons, Ends.STOP_ONLY, phase=phase)
        if reading and reading.phase:
            return Orf.PARTIAL5, reading
    reading = least_cost_reading(view, exons)
    if reading:
        return Orf.COMPLETE, reading
    alternatives = []
    if written is Orf.BROKEN:
        leave_out = least_cost_reading(view, exons, leave_out_cost=LEFT_OUT_COST)
        alternatives.append((Orf.COMPLETE, leave_out))
    if written in (Orf.BROKEN, Orf.PARTIAL5):
        no_start = least_cost_reading(view, exons, Ends.STOP_ONLY, phase=phase)
        alternatives.append((Orf.PARTIAL5, no_start))
    if written in (Orf.BROKEN, Orf.PARTIAL3):
        no_stop = least_cost_reading(view, exons, Ends.START_ONLY)
        alternatives.append((Orf.PARTIAL3, no_stop))
    return min(
        ((orf, reading) for orf, reading in alternatives if reading),
        key=lambda found: found[1].cost + ORF_COSTS[found[0]],
        default=(Orf.BROKEN, None),
    )


def _moved_boundaries(exons: Sequence[CodingExon], reading: Reading) -> list[tuple[Boundary, int]]:
    """Return the boundaries that a reading moves, with where to, in translation order."""
    kept = [exon for number, exon in enumerate(exons) if number != reading.left_out]
    boundaries = [boundary for exon in kept for boundary in (exon.left, exon.right)]
    return [
        (boundary, position)
        for boundary, position in zip(boundaries, reading.positions, strict=True)
        if boundary.position != position
    ]


def _moves_of(view: StrandView, exons: Sequence[CodingExon], reading: Reading) -> tuple[Move, ...]:
    """Return what a reading changes, in translation order."""
    moved = _moved_boundaries(exons, reading)
    moves = [_move(view, boundary, position) for boundary, position in moved]
    if reading.left_out is not None:
        left = exons[reading.left_out].left
        place = view.turn_back(left.position)
        before = sum(boundary.number < left.number for boundary, _ in moved)
        moves.insert(before, Move(f"exon{left.number}", place, place, 0, LEFT_OUT_COST))
    return tuple(moves)


def _move(view: StrandView, boundary: Boundary, position: int) -> Move:
    is_end = boundary.kind in (BoundaryKind.START, BoundaryKind.STOP)
    return Move(
        boundary=boundary.kind.value if is_end else f"{boundary.kind}{boundary.number}",
        old=view.turn_back(boundary.position),
        new=view.turn_back(position),
        offset=position - boundary.position,
        cost=float(boundary.costs_of(np.array(position))),
    )


def _cds_parts(view: StrandView, reading: Reading) -> tuple[CdsPart, ...]:
    """Return the coding parts of a reading on the genome, with the phases that follow from it."""
    parts = []
    phase = reading.phase
    for left, right in zip(reading.positions[::2], reading.positions[1::2], strict=True):
        start, end = sorted((view.turn_back(left), view.turn_back(right)))
        parts.append(CdsPart(start, end, phase))
        phase = (phase - (right - left)) % 3
    return tuple(sorted(parts))


def _with_utrs(
    view: StrandView, written: TranscriptStructure, refined: RefinedTranscript, max_distance: int
) -> RefinedTranscript:
    """Let the untranslated parts follow a refined coding sequence, and splice them.

    Args:
        view: the strand of the window.
        written: the transcript as written.
        refined: the same with its coding parts refined and its untranslated parts as written.
        max_distance: farthest move of a splice site (nt).
    """
    old_start, old_end = _span(view, written.cds)
    start, end = _span(view, refined.structure.cds)
    five = _along(view, written.five_prime_utrs)
    three = _along(view, written.three_prime_utrs)
    upstream = upstream_of(five, old_start, start)
    downstream = downstream_of(three, old_end, end)
    upstream, moves_before = splice_upstream(view, upstream, start, max_distance)
    downstream, moves_behind = splice_downstream(view, downstream, end, max_distance)
    if start != old_start:
        upstream = without_short_gap_before(upstream, start)
    if end != old_end:
        downstream = without_short_gap_behind(downstream, end)
    moves = (
        *(_utr_move(view, "five_prime", move) for move in moves_before),
        *refined.moves,
        *(_utr_move(view, "three_prime", move) for move in moves_behind),
    )
    structure = replace(
        refined.structure,
        five_prime_utrs=_on_genome(view, upstream),
        three_prime_utrs=_on_genome(view, downstream),
    )
    cost = refined.cost + sum(move.cost for move in (*moves_before, *moves_behind))
    return RefinedTranscript(structure, refined.orf, moves, cost)


def _utr_move(view: StrandView, side: str, move: UtrMove) -> Move:
    return Move(
        boundary=f"{side}_{move.kind}{move.intron}",
        old=view.turn_back(move.old),
        new=view.turn_back(move.new),
        offset=move.new - move.old,
        cost=move.cost,
    )


def _along(view: StrandView, parts: Sequence[CdsPart] | Sequence[Interval]) -> list[Interval]:
    """Return parts of the genome along the strand, ascending."""
    turned = (sorted((view.turn(part.start), view.turn(part.end))) for part in parts)
    return sorted(Interval(start, end) for start, end in turned)


def _on_genome(view: StrandView, parts: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return parts along the strand as parts of the genome, ascending."""
    turned = (sorted((view.turn_back(part.start), view.turn_back(part.end))) for part in parts)
    return tuple(sorted(Interval(start, end) for start, end in turned))


def _span(view: StrandView, cds: Sequence[CdsPart]) -> tuple[int, int]:
    """Return start and end of a coding sequence along the strand."""
    parts = _along(view, cds)
    return parts[0].start, parts[-1].end
