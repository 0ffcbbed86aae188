"""A window read along the strand of a gene: its codons and splice sites as arrays.

Positions are 0-based, run 5' to 3' along the strand and count boundaries: boundary ``b`` lies
before base ``b``, so that a part from ``s`` to ``e`` holds the bases ``s`` to ``e - 1``.
"""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from transgenic_dagster.gene_models.frame_states import BASES, BETWEEN_CODONS, ENDED, NEXT_STATE
from transgenic_dagster.gene_models.splice_sites import acceptor_scores, donor_scores
from transgenic_dagster.sequences.dna import reverse_complement

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INTRON_COSTS: Final = {("GT", "AG"): 0.0, ("GC", "AG"): 4.6, ("AT", "AC"): 7.0}
"""Costs (nats) by the ends of an intron: -log of how rare they are beside GT-AG."""
MIN_INTRON: Final = 20
"""Shortest intron (nt) that refinement makes."""

_DONORS: Final = tuple(dict.fromkeys(donor for donor, _ in INTRON_COSTS))
_ACCEPTORS: Final = tuple(dict.fromkeys(acceptor for _, acceptor in INTRON_COSTS))
_NO_SITE: Final = -1
# The last row and column are those of _NO_SITE.
_COST_OF_ENDS: Final = np.array(
    [
        [INTRON_COSTS.get((donor, acceptor), np.inf) for acceptor in (*_ACCEPTORS, "")]
        for donor in (*_DONORS, "")
    ]
)
_CODES: Final = np.full(128, BASES.index("N"))
_CODES[[ord(base) for base in BASES]] = np.arange(len(BASES))


class StrandView:
    """One strand of a window.

    Args:
        window_sequence: forward strand of the window, upper-case ACGTN.
        window_start: 0-based position of the window on its sequence.
        strand: ``+`` or ``-``.
    """

    def __init__(self, window_sequence: str, window_start: int, strand: str) -> None:
        self.strand = strand
        self.length = len(window_sequence)
        self._window_start = window_start
        read = window_sequence if strand == "+" else reverse_complement(window_sequence)
        self._bases: Integers = _CODES[np.frombuffer(read.encode("ascii"), dtype=np.uint8)]

    def turn(self, position: int) -> int:
        """Turn a boundary on the genome into one of this strand."""
        offset = position - self._window_start
        return offset if self.strand == "+" else self.length - offset

    def turn_back(self, position: int) -> int:
        """Turn a boundary of this strand into one on the genome."""
        offset = position if self.strand == "+" else self.length - position
        return offset + self._window_start

    def step(self, states: Integers, positions: Integers) -> Integers:
        """Return the states after reading the base behind each position."""
        bases = self._bases[np.minimum(positions, self.length - 1)]
        return NEXT_STATE[states, np.where(positions < self.length, bases, BASES.index("N"))]

    @cached_property
    def open_states(self) -> Integers:
        """States at each boundary by the bases read since the last codon; (3, length + 1)."""
        states = np.full((3, self.length + 1), BETWEEN_CODONS)
        for size in (1, 2):
            states[size, 1:] = NEXT_STATE[states[size - 1, :-1], self._bases]
        return states

    @cached_property
    def stop_ends(self) -> Integers:
        """End of the first stop codon that a reader meets from each boundary on.

        Shape (length + 1,); ``length + 1`` where there is none.
        """
        ends = np.full(self.length + 3, self.length + 1)
        codon_ends = NEXT_STATE[self.open_states[2, 2:-1], self._bases[2:]]
        starts = np.flatnonzero(codon_ends == ENDED)
        ends[starts] = starts + 3
        for frame in range(3):
            ends[frame::3] = np.minimum.accumulate(ends[frame::3][::-1])[::-1]
        return ends[: self.length + 1]

    @cached_property
    def donors(self) -> Integers:
        """Which donor follows each boundary, -1 for none; shape (length + 1,)."""
        return self._sites(_DONORS, 0)

    @cached_property
    def acceptors(self) -> Integers:
        """Which acceptor each boundary follows, -1 for none; shape (length + 1,)."""
        return self._sites(_ACCEPTORS, 2)

    @cached_property
    def donor_scores(self) -> Floats:
        """How much each boundary looks like a donor (nats); shape (length + 1,)."""
        return donor_scores(self._bases)

    @cached_property
    def acceptor_scores(self) -> Floats:
        """How much each boundary looks like an acceptor (nats); shape (length + 1,)."""
        return acceptor_scores(self._bases)

    def _sites(self, dinucleotides: tuple[str, ...], shift: int) -> Integers:
        sites = np.full(self.length + 1, _NO_SITE)
        for number, dinucleotide in enumerate(dinucleotides):
            first, second = map(BASES.index, dinucleotide)
            found = (self._bases[:-1] == first) & (self._bases[1:] == second)
            sites[np.flatnonzero(found) + shift] = number
        return sites

    def intron_costs(self, donors: Integers, acceptors: Integers) -> Floats:
        """Return the costs of introns between sites; shape (donors, acceptors).

        Infinite where the ends are not canonical or the intron is too short.

        Args:
            donors: boundaries that a donor follows.
            acceptors: boundaries that follow an acceptor.
        """
        costs = _COST_OF_ENDS[self.donors[donors][:, None], self.acceptors[acceptors]]
        too_short = acceptors - donors[:, None] < MIN_INTRON
        return np.where(too_short, np.inf, costs)

    def is_canonical(self, donor: int, acceptor: int) -> bool:
        """Say whether an intron, however short, has canonical ends."""
        cost = _COST_OF_ENDS[self.donors[donor], self.acceptors[acceptor]]
        return acceptor - donor >= 4 and bool(np.isfinite(cost))
