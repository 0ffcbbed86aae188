"""Which place each gene gets, where several genes and several places fit each other.

A place goes to the gene that it fits best. Where a gene has several places that fit it nearly
alike, as a tandem duplicate has, its neighbours of the old assembly decide. Good places that are
left over are extra copies.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from transgenic_dagster.input_genes.gene import Gene
from transgenic_dagster.lifting.queries import Place, share_half

LOWEST_SCORE = 0.5
"""Share of a gene that has to be found."""
_ALIKE = 0.03
"""Scores that differ by no more say nothing about which of two places is the gene's own."""
_COPY_COVERAGE = 0.9
_COPY_LOSS = 0.05
"""How much worse than the gene's own place an extra copy may be."""
_BIN = 1 << 16
"""Length of the bins (nt) by which places are looked up."""


@dataclass
class Assignment:
    """What was found of the genes of an old annotation, which are named by their number.

    Args:
        places: the place of each gene that has one.
        copies: extra copies, with the gene that each is a copy of.
        taken: genes whose places all belong to others, with one of these.
    """

    places: dict[int, Place] = field(default_factory=dict)
    copies: list[tuple[int, Place]] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)


def assign(genes: Sequence[Gene], found: Sequence[Sequence[Place]]) -> Assignment:
    """Give each gene its place.

    Args:
        genes: genes of the old annotation, in its order.
        found: places of each gene, the best first; the score of each is at least ``LOWEST_SCORE``.
    """
    return _Assigner(genes, found).assigned()


class _Assigner:
    def __init__(self, genes: Sequence[Gene], found: Sequence[Sequence[Place]]) -> None:
        self._genes = genes
        self._found = found
        self._taken: dict[tuple[int, int], list[tuple[int, Place]]] = defaultdict(list)
        self._neighbours: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._result = Assignment()

    def assigned(self) -> Assignment:
        numbers = [number for number, places in enumerate(self._found) if places]
        clear = [number for number in numbers if len(self._alike(number)) == 1]
        for number in sorted(clear, key=lambda n: (-self._found[n][0].score, n)):
            self._place(number)
        for number in sorted(set(numbers) - set(clear)):
            self._place(number)
        self._add_copies()
        return self._result

    def _alike(self, number: int) -> list[Place]:
        """Return places of a gene that fit as well as its best."""
        places = self._found[number]
        return [one for one in places if one.score >= places[0].score - _ALIKE]

    def _place(self, number: int) -> None:
        free = [one for one in self._found[number] if self._owner(number, one) is None]
        if not free:
            owner = self._owner(number, self._found[number][0])
            self._result.taken[number] = -1 if owner is None else owner
            return
        alike = [one for one in free if one.score >= free[0].score - _ALIKE]
        chosen = min(alike, key=lambda one: self._distance(number, one))
        self._result.places[number] = chosen
        self._take(number, chosen)
        gene = self._genes[number]
        insort(self._neighbours[gene.seqid], (gene.start, number))

    def _take(self, number: int, place: Place) -> None:
        for key in _bins(place):
            self._taken[key].append((number, place))

    def _owner(self, number: int, place: Place) -> int | None:
        """Return a gene whose place this is; genes that overlapped before may do so again."""
        for key in _bins(place):
            for other, taken in self._taken[key]:
                if taken.overlaps(place) and not self._overlapped(number, other):
                    return other
        return None

    def _overlapped(self, one: int, other: int) -> bool:
        a, b = self._genes[one], self._genes[other]
        return a.seqid == b.seqid and share_half((a.start, a.end), (b.start, b.end))

    def _distance(self, number: int, place: Place) -> float:
        """Return how far a place lies from where the nearest genes of the old assembly want it."""
        gene = self._genes[number]
        beside = self._neighbours[gene.seqid]
        right = bisect_left(beside, (gene.start, number))
        expected = (
            self._expected(gene, other) for _, other in beside[max(0, right - 1) : right + 1]
        )
        distances = (
            abs(place.start - start) for target, start in expected if target == place.target
        )
        return min(distances, default=float("inf"))

    def _expected(self, gene: Gene, number: int) -> tuple[int, int]:
        """Return target and start that a neighbour lets one expect for a gene."""
        neighbour, place = self._genes[number], self._result.places[number]
        if place.strand == neighbour.strand:
            return place.target, place.start + gene.start - neighbour.start
        return place.target, place.end + neighbour.start - gene.end

    def _add_copies(self) -> None:
        left = [
            (-one.score, number, one)
            for number, place in self._result.places.items()
            for one in self._found[number]
            if one.coverage >= _COPY_COVERAGE and one.score >= place.score - _COPY_LOSS
        ]
        for _, number, one in sorted(left, key=lambda item: item[:2]):
            if not any(taken.overlaps(one) for key in _bins(one) for _, taken in self._taken[key]):
                self._result.copies.append((number, one))
                self._take(number, one)


def _bins(place: Place) -> Iterator[tuple[int, int]]:
    return ((place.target, number) for number in range(place.start // _BIN, place.end // _BIN + 1))
