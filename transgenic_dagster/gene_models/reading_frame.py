"""The cheapest boundaries with which a coding sequence reads from its start to its stop.

A dynamic programme walks over the exons in translation order. Its state at a boundary is the
position and the bases of the codon that is open there, so that codons split by introns are read
like any other, start and stop codon included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, NamedTuple, Self

import numpy as np

from transgenic_dagster.gene_models.coding_exons import Boundary, CodingExon
from transgenic_dagster.gene_models.frame_states import (
    BASES_TO_CODON_END,
    BEFORE_START,
    BETWEEN_CODONS,
    DEAD,
    ENDED,
    N_STATES,
    STATE_OF_PHASE,
)
from transgenic_dagster.gene_models.strand_view import Floats, Integers, StrandView

OTHER_PHASE_COST: Final = 1.0
"""Cost of beginning a coding sequence without its start in another phase than the one written."""
ODD_INTRON_COST: Final = 12.0
"""Cost (nats) of an intron that stays as written though its ends are not canonical.

About one intron of a thousand is such (7 nats), group II introns of organelles among them. Where
the written ends are wrong instead, a canonical one must lie within reach by chance: that a given
place has the right dinucleotide (2.8 nats) and the bases of a true site around it (2.4 nats, see
``splice_sites``) speaks for the move. No intron with moved ends is ever of this kind.
"""


class Ends(Enum):
    """Which ends of a coding sequence must be found."""

    BOTH = auto()
    STOP_ONLY = auto()
    START_ONLY = auto()


@dataclass(frozen=True)
class Reading:
    """A way to read a coding sequence.

    Args:
        positions: where its boundaries lie, two for each exon that is left, in translation order.
        phase: bases to skip to the first whole codon.
        cost: cost of all moves and of the rare introns that they make.
        left_out: 0-based number of the exon that is left out, if one is.
    """

    positions: tuple[int, ...]
    phase: int
    cost: float
    left_out: int | None = None


@dataclass(frozen=True)
class _Layer:
    """The paths that reach one boundary.

    Args:
        positions: shape (n,).
        costs: least costs by position and state, shape (n, N_STATES).
        nodes: where each path's last step stands in the trail, shape (n, N_STATES).
    """

    positions: Integers
    costs: Floats
    nodes: Integers

    @classmethod
    def joined(cls, layers: Sequence[Self]) -> Self:
        """Return the paths of several layers side by side."""
        return cls(
            np.concatenate([layer.positions for layer in layers]),
            np.concatenate([layer.costs for layer in layers]),
            np.concatenate([layer.nodes for layer in layers]),
        )


class _Trail:
    """Remembers by which boundaries each path came."""

    def __init__(self) -> None:
        self._size = 0
        self._exons: list[Integers] = []
        self._positions: list[Integers] = []
        self._parents: list[Integers] = []

    def extend(self, exon: int, positions: Integers, parents: Integers) -> Integers:
        """Add a step for each position and state; return the steps' numbers.

        Args:
            exon: 0-based number of the exon that the boundary belongs to.
            positions: shape (n,).
            parents: the steps before these, shape (n, N_STATES).
        """
        numbers = np.arange(self._size, self._size + parents.size).reshape(parents.shape)
        self._size += parents.size
        self._exons.append(np.full(parents.size, exon))
        self._positions.append(np.repeat(positions, N_STATES))
        self._parents.append(parents.ravel())
        return numbers

    def follow_back(self, last: int) -> list["_Step"]:
        """Return the steps up to ``last``, in translation order."""
        exons, positions, parents = map(
            np.concatenate, (self._exons, self._positions, self._parents)
        )
        steps = []
        number = last
        while number != _NO_STEP:
            steps.append(_Step(int(exons[number]), int(positions[number]), number % N_STATES))
            number = int(parents[number])
        return steps[::-1]


class _Step(NamedTuple):
    """One boundary of a path: its exon, its position and the state there."""

    exon: int
    position: int
    state: int


_NO_STEP: Final = -1


def least_cost_reading(
    view: StrandView,
    exons: Sequence[CodingExon],
    ends: Ends = Ends.BOTH,
    *,
    phase: int = 0,
    leave_out_cost: float | None = None,
) -> Reading | None:
    """Return the reading with the least total cost, or None where there is none.

    A new intron, one with a moved end, has canonical ends, costs what ``INTRON_COSTS`` says and is
    at least ``MIN_INTRON`` long. One that stays as written costs nothing, but ``ODD_INTRON_COST``
    where its ends are not canonical: real introns with other ends exist, and a boundary that reads
    well is not to be moved to a chance site far away. Of readings that cost the same, the one with
    its boundaries farther upstream is taken.

    Args:
        view: the strand of the window.
        exons: the coding parts as written, in translation order.
        ends: which ends must be found; an end that need not be found stays where it was written.
        phase: the phase written for the first part, for a reading without a start.
        leave_out_cost: cost of leaving out one internal exon; None forbids it.
    """
    search = _Search(view, exons)
    entry = search.beginnings(ends, phase)
    shortened: _Layer | None = None  # paths that have left out one exon
    exit_before: _Layer | None = None
    for number in range(len(exons) - 1):
        exit_ = search.exits(number, entry)
        exits_shortened = [] if shortened is None else [search.exits(number, shortened)]
        if leave_out_cost is not None and exit_before is not None:
            exits_shortened.append(replace(exit_before, costs=exit_before.costs + leave_out_cost))
        entry = search.entries(number + 1, exit_)
        if exits_shortened:
            shortened = search.entries(number + 1, _Layer.joined(exits_shortened))
        exit_before = exit_
    return search.best(ends, [entry] if shortened is None else [entry, shortened])


class _Search:
    """The steps of the dynamic programme for one coding sequence."""

    def __init__(self, view: StrandView, exons: Sequence[CodingExon]) -> None:
        self._view = view
        self._exons = exons
        self._trail = _Trail()

    def beginnings(self, ends: Ends, phase: int) -> _Layer:
        """Return where the coding sequence can begin."""
        left = self._exons[0].left
        if ends is Ends.STOP_ONLY:
            positions = np.array([left.position])
            costs = np.full((1, N_STATES), np.inf)
            for other, state in enumerate(STATE_OF_PHASE):
                costs[0, state] = 0.0 if other == phase else OTHER_PHASE_COST
        else:
            positions = self._candidates(left)
            may_begin = self._view.step(np.full(positions.size, BEFORE_START), positions) != DEAD
            positions = positions[may_begin]
            costs = np.full((positions.size, N_STATES), np.inf)
            costs[:, BEFORE_START] = left.costs_of(positions)
        parents = np.full(costs.shape, _NO_STEP)
        return _Layer(positions, costs, self._trail.extend(0, positions, parents))

    def exits(self, exon: int, entry: _Layer) -> _Layer:
        """Return the paths through an exon to the donors behind it, and its written end."""
        right = self._exons[exon].right
        positions = self._candidates(right)
        is_site = self._view.donors[positions] >= 0
        positions = positions[is_site | (positions == right.position)]
        return self._through(exon, entry, positions, right.costs_of(positions))

    def entries(self, exon: int, exit_: _Layer) -> _Layer:
        """Return the paths across an intron to the acceptors before an exon."""
        left = self._exons[exon].left
        positions = self._candidates(left)
        is_site = self._view.acceptors[positions] >= 0
        positions = positions[is_site | (positions == left.position)]
        donors = exit_.positions
        introns = self._view.intron_costs(donors, positions)  # (donors, acceptors)
        written = self._exons[exon - 1].right.position, left.position
        is_written = np.ix_(donors == written[0], positions == written[1])
        introns[is_written] = 0.0 if self._view.is_canonical(*written) else ODD_INTRON_COST
        introns += left.costs_of(positions)
        costs = exit_.costs[:, None, :] + introns[:, :, None]  # (donors, acceptors, states)
        best = costs.argmin(axis=0)
        parents = np.take_along_axis(exit_.nodes, best, axis=0)
        costs = np.take_along_axis(costs, best[None], axis=0)[0]
        return _Layer(positions, costs, self._trail.extend(exon, positions, parents))

    def best(self, ends: Ends, entries: Sequence[_Layer]) -> Reading | None:
        """Return the best of the readings that enter the last exon, each in its own way."""
        finish = self._to_written_end if ends is Ends.START_ONLY else self._to_stop
        cost, last_step = min(map(finish, entries), key=lambda found: found[0])
        if not np.isfinite(cost):
            return None
        steps = self._trail.follow_back(last_step)
        first_state = steps[0].state
        kept = {step.exon for step in steps}
        left_out = [exon for exon in range(len(self._exons)) if exon not in kept]
        return Reading(
            positions=tuple(step.position for step in steps),
            phase=STATE_OF_PHASE.index(first_state) if ends is Ends.STOP_ONLY else 0,
            cost=cost,
            left_out=left_out[0] if left_out else None,
        )

    def _candidates(self, boundary: Boundary) -> Integers:
        """Return where a boundary may lie: within its distance and the window."""
        first = max(0, boundary.position - boundary.max_distance)
        last = min(self._view.length, boundary.position + boundary.max_distance)
        return np.arange(first, last + 1)

    def _read(self, entry: _Layer) -> "_OpenExons":
        """Read on from every position and state to the end of the open codon."""
        rows, states = np.nonzero(np.isfinite(entry.costs))
        starts = entry.positions[rows]
        reached = [states]
        for size in range(3):
            reached.append(self._view.step(reached[-1], starts + size))
        lacking = BASES_TO_CODON_END[states]
        at_codon_end = np.choose(lacking, reached)
        codon_ends = np.minimum(starts + lacking, self._view.length)
        stop_ends = np.where(at_codon_end == BETWEEN_CODONS, self._view.stop_ends[codon_ends], 0)
        stop_ends[at_codon_end == ENDED] = codon_ends[at_codon_end == ENDED]
        return _OpenExons(
            starts=starts,
            costs=entry.costs[rows, states],
            nodes=entry.nodes[rows, states],
            reached=np.array(reached),
            lacking=lacking,
            stop_ends=stop_ends,
        )

    def _through(self, exon: int, entry: _Layer, ends: Integers, end_costs: Floats) -> _Layer:
        """Return the paths through an exon to each of some ends, before any stop codon."""
        read = self._read(entry)
        lengths = ends - read.starts[:, None]  # (paths, ends)
        in_open_codon = lengths < read.lacking[:, None]
        paths = np.arange(read.starts.size)[:, None]
        states = np.where(
            in_open_codon,
            read.reached[np.clip(lengths, 0, 3), paths],
            self._view.open_states[(lengths - read.lacking[:, None]) % 3, ends],
        )
        unbroken = np.where(in_open_codon, states < N_STATES, ends < read.stop_ends[:, None])
        costs = np.where(unbroken & (lengths > 0), read.costs[:, None], np.inf)
        least = np.full((ends.size, N_STATES), np.inf)
        parents = np.full(least.shape, _NO_STEP)
        if read.starts.size:
            for state in range(N_STATES):
                in_state = np.where(states == state, costs, np.inf)
                best = in_state.argmin(axis=0)
                least[:, state] = in_state[best, np.arange(ends.size)] + end_costs
                parents[:, state] = read.nodes[best]
        return _Layer(ends, least, self._trail.extend(exon, ends, parents))

    def _to_stop(self, entry: _Layer) -> tuple[float, int]:
        """Return cost and last step of the best way to the first stop codon in frame."""
        right = self._exons[-1].right
        read = self._read(entry)
        within = np.abs(read.stop_ends - right.position) <= right.max_distance
        within &= (read.stop_ends > 0) & (read.stop_ends <= self._view.length)
        ends = np.where(within, read.stop_ends, right.position)
        costs = np.where(within, read.costs + right.costs_of(ends), np.inf)
        if not costs.size:
            return np.inf, _NO_STEP
        best = int(costs.argmin())
        parents = np.full((1, N_STATES), read.nodes[best])
        ((step, *_),) = self._trail.extend(len(self._exons) - 1, ends[[best]], parents)
        return float(costs[best]), int(step)

    def _to_written_end(self, entry: _Layer) -> tuple[float, int]:
        """Return cost and last step of the best way to the written end."""
        end = self._exons[-1].right.position
        layer = self._through(len(self._exons) - 1, entry, np.array([end]), np.zeros(1))
        past_start = layer.costs[0, :BEFORE_START]
        best = int(past_start.argmin())
        return float(past_start[best]), int(layer.nodes[0, best])


@dataclass(frozen=True)
class _OpenExons:
    """Paths that have entered an exon; arrays of shape (paths,) unless said otherwise.

    Args:
        starts: where they entered.
        costs: what they have cost.
        nodes: their last steps.
        reached: states after none, one, two and three bases, shape (4, paths).
        lacking: bases to the end of the codon that was open at the start.
        stop_ends: end of the first stop codon in frame, beyond the window where there is none; 0
            where the open codon broke a rule.
    """

    starts: Integers
    costs: Floats
    nodes: Integers
    reached: Integers
    lacking: Integers
    stop_ends: Integers
