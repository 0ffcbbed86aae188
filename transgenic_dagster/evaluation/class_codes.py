"""How a predicted transcript lies to one reference transcript of the same strand.

The rules are those of gffcompare 0.12. ``Q`` is the predicted transcript (query), ``R`` the
reference. Ends that poke into an intron by up to three nucleotides are overlooked.
"""

from itertools import pairwise
from typing import Final, NamedTuple

from transgenic_dagster.evaluation.segments import Segment, overlap, shared
from transgenic_dagster.evaluation.transcripts import Transcript

RANKS: Final = {
    **{"=": 0, "c": 4, "k": 4, "m": 6, "n": 6, "j": 6, "e": 12, "o": 12},
    **{"s": 16, "x": 18, "i": 20, "y": 30, "p": 90, "r": 92, "u": 94},
}
"""Rank of each class code; of several relations of a transcript the lowest rank is told."""

_MOST_OVERHANG: Final = 3
_LEAST_IN_INTRON: Final = 10
_LEAST_EXON_OVERLAP: Final = 5


class Relation(NamedTuple):
    """Relation of a predicted transcript to a reference transcript.

    Args:
        code: class code.
        overlap: shared nucleotides, as far as the code needed them.
        splice_sites: splice sites that both have.
    """

    code: str
    overlap: int = 0
    splice_sites: int = 0


def single_exons_match(one: Transcript, reference: Transcript) -> bool:
    """Return whether two single exons count as the same.

    They share 80% of the longer one; or 80% of the reference and 70% of the other.
    """
    common = overlap(one.exons[0], reference.exons[0])
    if common <= 0:
        return False
    if one.length > reference.length:
        return common >= one.length * 0.8 or (
            common >= reference.length * 0.8 and common >= one.length * 0.7
        )
    return common >= reference.length * 0.8


def transcripts_match(one: Transcript, reference: Transcript) -> bool:
    """Return whether two transcripts have the same introns, or are single exons that match."""
    if len(one.exons) != len(reference.exons):
        return False
    if len(one.exons) == 1:
        return single_exons_match(one, reference)
    return one.introns == reference.introns


def relation(query: Transcript, reference: Transcript) -> Relation | None:
    """Return the relation of two transcripts on one strand, ``None`` if they lie apart."""
    if query.start >= reference.end or reference.start >= query.end:
        return None
    if len(query.exons) == 1:
        if len(reference.exons) == 1:
            return _of_single_exons(query, reference)
        return _of_single_exon(query.exons[0], reference.exons)
    if len(reference.exons) == 1:
        return _to_single_exon(query.exons, reference.exons[0])
    return _of_spliced(query, reference)


def _of_single_exons(query: Transcript, reference: Transcript) -> Relation:
    common = overlap(query.exons[0], reference.exons[0])
    if single_exons_match(query, reference):
        return Relation("=", common)
    if query.length < reference.length:
        return Relation("c" if common >= query.length * 0.8 else "o", common)
    return Relation("k" if common >= reference.length * 0.8 else "o", common)


def _of_single_exon(query: Segment, exons: tuple[Segment, ...]) -> Relation:
    start, end = query
    if start < exons[0][1] and end > exons[-1][0]:
        return Relation("m")
    code, common = "o", 0
    for exon, following in zip(exons, [*exons[1:], None], strict=True):
        common += overlap(query, exon)
        if overlap(query, exon) and _is_within(query, exon):
            return Relation("c", common)
        if following is None:
            break
        if start < exon[1] - 1 and end > following[0] + 1:
            return Relation("n", common)
        if exon[1] <= start and end <= following[0]:
            return Relation("i", common)
        in_intron = overlap(query, (exon[1], following[0]))
        if _LEAST_IN_INTRON <= in_intron < end - start - _LEAST_IN_INTRON:
            code = "e"
    return Relation(code, common)


def _to_single_exon(exons: tuple[Segment, ...], reference: Segment) -> Relation:
    common = 0
    for exon, following in zip(exons, [*exons[1:], None], strict=True):
        common += overlap(reference, exon)
        if overlap(reference, exon) and _is_within(reference, exon):
            return Relation("k", common)
        if following and exon[1] <= reference[0] and reference[1] <= following[0]:
            return Relation("y", common)
    return Relation("o", common)


def _is_within(inner: Segment, outer: Segment) -> bool:
    return outer[0] - inner[0] <= _MOST_OVERHANG and inner[1] - outer[1] <= _MOST_OVERHANG


def _of_spliced(query: Transcript, reference: Transcript) -> Relation:
    q, r = query.exons, reference.exons
    if any(left[1] <= query.start and query.end <= right[0] for left, right in pairwise(r)):
        return Relation("i")
    if q[-1][0] + 1 < r[0][1]:
        return _of_terminal_exons(query, reference, q[-1], r[0], covers=q[-1][1] > r[1][0])
    if r[-1][0] + 1 < q[0][1]:
        return _of_terminal_exons(query, reference, q[0], r[-1], covers=q[0][0] < r[-2][1])
    return _Chains(query, reference).relation()


def _of_terminal_exons(
    query: Transcript, reference: Transcript, last: Segment, first: Segment, *, covers: bool
) -> Relation:
    """Return the relation of transcripts whose chains of introns lie one behind the other."""
    if covers:
        return Relation("n", shared(query.exons, reference.exons))
    return Relation("o", overlap(last, first))


class _Chains:
    """Comparison of two chains of introns that may overlap.

    Exons are counted from 0; an intron has the number of the exon behind it.
    """

    def __init__(self, query: Transcript, reference: Transcript) -> None:
        self.query, self.reference = query, reference
        self.overlap = shared(query.exons, reference.exons)
        self.splice_sites = 0
        self.has_conflict = False
        self.has_retention = False
        self.is_subchain = False
        self.first: tuple[int, int] | None = None
        self.last = (0, 0)
        self._walk()

    def _walk(self) -> None:
        """Compare the introns from left to right."""
        q, r = self.query.exons, self.reference.exons
        i = j = 1
        has_overlap = False
        while i < len(q) and j < len(r):
            query_start, query_end = q[i - 1][1], q[i][0]
            start, end = r[j - 1][1], r[j][0]
            if end + 1 < query_start:
                self._beside(r[j], (query_start, query_end), (start, end), q[i - 1])
                self.is_subchain &= not has_overlap
                j += 1
                continue
            if start > query_end + 1:
                self._beside(r[j - 1], (query_start, query_end), (start, end), q[i])
                self.is_subchain &= not has_overlap
                i += 1
                continue
            has_overlap = True
            self.splice_sites += (query_start == start) + (query_end == end)
            if (query_start, query_end) == (start, end):
                if self.first is None:
                    self.first, self.is_subchain = (i, j), True
                if self.is_subchain:
                    self.last = (i, j)
                i, j = i + 1, j + 1
                continue
            self.has_conflict, self.is_subchain = True, False
            if query_end > end:
                j += 1
            else:
                i += 1

    def _beside(
        self, exon: Segment, query_intron: Segment, intron: Segment, query_exon: Segment
    ) -> None:
        """Look at an intron of one chain that lies before the next one of the other."""
        if overlap(exon, query_intron):
            self.has_conflict = True
        if intron[0] > query_exon[0] and intron[1] < query_exon[1]:
            self.has_retention = True

    def relation(self) -> Relation:
        poking = 0
        if self.is_subchain and self.first is not None:
            code, poking = self._of_subchain(self.first)
            if code:
                return self._told(code)
        if self.has_retention:
            is_clean = not self.has_conflict and poking <= _MOST_OVERHANG
            return self._told("m" if is_clean else "n")
        if self.splice_sites:
            return self._told("j")
        if self.overlap >= _LEAST_EXON_OVERLAP:
            return self._told("o")
        query, reference = self.query, self.reference
        is_inside = reference.start < query.start and query.end < reference.end
        return self._told("i" if is_inside else "y")

    def _told(self, code: str) -> Relation:
        return Relation(code, self.overlap, self.splice_sites)

    def _of_subchain(self, first: tuple[int, int]) -> tuple[str, int]:
        """Return the code of chains that match where they overlap, if they have one.

        Returns:
            ``=``, ``c``, ``k`` or nothing, and by how much ends poke into introns.
        """
        q, r = self.query.exons, self.reference.exons
        is_whole_query = first[0] == 1 and self.last[0] == len(q) - 1
        is_whole_reference = first[1] == 1 and self.last[1] == len(r) - 1
        if is_whole_query and is_whole_reference:
            return "=", 0
        if is_whole_query:
            poking, crosses = _overhang(q[0][0], q[-1][1], r, first[1], self.last[1])
            self.has_retention |= crosses
            return "" if crosses or poking > _MOST_OVERHANG else "c", poking
        if is_whole_reference:
            poking, crosses = _overhang(r[0][0], r[-1][1], q, first[0], self.last[0])
            return "" if crosses or poking > _MOST_OVERHANG else "k", poking
        return "", 0


def _overhang(
    start: int, end: int, exons: tuple[Segment, ...], first: int, last: int
) -> tuple[int, bool]:
    """Return how far the ends of the inner transcript reach into introns of the outer one.

    Args:
        start: start of the inner transcript.
        end: its end.
        exons: those of the outer transcript.
        first: number of its first intron that matches.
        last: number of its last intron that matches.

    Returns:
        Nucleotides in an intron, and whether an intron is crossed.
    """
    left = right = 0
    crosses = False
    for number in range(first - 1, 0, -1):
        if start < exons[number][0]:
            if start >= exons[number - 1][1]:
                left = exons[number][0] - start
                break
            crosses = True
    for number in range(last, len(exons) - 1):
        if end > exons[number][1]:
            if end <= exons[number + 1][0]:
                right = end - exons[number][1]
                break
            crosses = True
    return max(left, right), crosses
