"""The class code of every predicted transcript, and the reference transcript that it refers to.

A transcript has a relation to every reference transcript that it overlaps. The one of the lowest
rank is told; of equal ranks the one with the most common splice sites, then the most common
nucleotides, then the more similar transcript, as gffcompare 0.12 chooses.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from transgenic_dagster.evaluation.class_codes import (
    RANKS,
    Relation,
    relation,
)
from transgenic_dagster.evaluation.loci import Locus
from transgenic_dagster.evaluation.segments import Placed, Segment, shared
from transgenic_dagster.evaluation.transcripts import Transcript, by_position

POLYMERASE_RUN = 2000
"""Nucleotides behind a gene within which a single exon may be a run-on of its polymerase."""

_RANK_WITHOUT_EXONS = 14
_FUZZ_OF_SHADOW = 10
_LARGEST_EXON_COUNT = 255
_FUZZ_OF_RUN = 5
_DONE_ON_OWN_STRAND = frozenset("=cjeo")


class Classified(NamedTuple):
    """A transcript with its class code and the reference transcript that it refers to."""

    transcript: Transcript
    code: str
    reference: Transcript | None


class Link(NamedTuple):
    """A relation of a predicted transcript, with the reference transcript that it is to."""

    code: str
    reference: Transcript | None
    overlap: int = 0
    splice_sites: int = 0


class StrandReference:
    """Reference transcripts of one strand of one sequence, to be found by position.

    Args:
        loci: their loci, sorted by start.
    """

    def __init__(self, loci: Sequence[Locus]) -> None:
        self.loci = loci
        self._placed_loci = Placed(loci)
        transcripts = by_position(one for locus in loci for one in locus.transcripts)
        self._placed = Placed(transcripts)

    def relations(self, query: Transcript) -> Iterator[Link]:
        """Yield the relations of a transcript to all that overlap it."""
        for reference in self._placed.overlapping(query.start, query.end):
            found = relation(query, reference)
            if found:
                yield _link(query, reference, found)

    def run_on(self, query: Transcript, strand: str) -> Locus | None:
        """Return the locus behind whose end a single exon lies within reach."""
        if strand == "-":
            index = bisect_right(self._placed_loci.starts, query.end - 1)
            if index < len(self.loci) and self.loci[index].start < query.end + POLYMERASE_RUN:
                return self.loci[index]
            return None
        first_end = query.start + 1 - POLYMERASE_RUN
        return next(
            (
                locus
                for locus in self._placed_loci.overlapping(first_end, query.end)
                if locus.end <= query.start + 1 + _FUZZ_OF_RUN
            ),
            None,
        )


def classify(
    predicted: Iterable[Transcript],
    references: dict[str, StrandReference],
    is_repeat: Callable[[Transcript], bool] | None,
) -> list[Classified]:
    """Give every predicted transcript of a sequence its class code.

    Args:
        predicted: the transcripts, in any order.
        references: the reference by strand, ``+`` and ``-``.
        is_repeat: says whether most of a transcript is soft-masked; ``None`` without a genome.

    Returns:
        The transcripts by position.
    """
    ordered = by_position(predicted)
    opposite = {"+": "-", "-": "+"}
    beyond = {strand: _OtherStrand(references[opposite[strand]].loci) for strand in opposite}
    classified = []
    for one in ordered:
        strands = ("+", "-") if one.strand == "." else (one.strand,)
        links = [link for strand in strands for link in references[strand].relations(one)]
        if not links:
            links = _without_overlap(one, strands, references, is_repeat)
        if one.strand in beyond:
            best = best_link(one, links)
            if best is None or best.code not in _DONE_ON_OWN_STRAND:
                links += beyond[one.strand].links(one, best.code if best else "u")
        best = best_link(one, links)
        classified.append(
            Classified(one, best.code, best.reference) if best else Classified(one, "u", None)
        )
    return classified


def _link(query: Transcript, reference: Transcript, found: Relation) -> Link:
    if found.code == "=":
        has_other_ends = (query.start, query.end) != (reference.start, reference.end)
        return Link("=", reference, found.overlap - has_other_ends)
    return Link(found.code, reference, found.overlap, found.splice_sites)


def _without_overlap(
    one: Transcript,
    strands: Sequence[str],
    references: dict[str, StrandReference],
    is_repeat: Callable[[Transcript], bool] | None,
) -> list[Link]:
    if len(one.exons) == 1:
        for strand in strands:
            if locus := references[strand].run_on(one, strand):
                return [Link("p", locus.longest)]
    return [Link("r", None)] if is_repeat and is_repeat(one) else []


def best_link(query: Transcript, links: Sequence[Link]) -> Link | None:
    """Return the relation that is told of a transcript, ``None`` if it has none."""
    best = None
    for link in links:
        if best is None or _is_better(query, link, best):
            best = link
    return best


def _is_better(query: Transcript, link: Link, other: Link) -> bool:
    rank = RANKS[link.code]
    if rank != RANKS[other.code] or link.reference is None or other.reference is None:
        return rank < RANKS[other.code]
    exons, others = len(link.reference.exons), len(other.reference.exons)
    if len(query.exons) == 1 and exons != others and 1 in {exons, others}:
        return exons == 1
    if len(query.exons) > 1 and link.splice_sites != other.splice_sites:
        return link.splice_sites > other.splice_sites
    if link.overlap != other.overlap:
        return link.overlap > other.overlap
    return _closeness(query, link.reference, rank) < _closeness(query, other.reference, rank)


def _closeness(query: Transcript, reference: Transcript, rank: int) -> tuple[int | str, ...]:
    """Return a key that is smaller for the reference transcript that is more like the query."""
    exons = len(reference.exons)
    if rank < _RANK_WITHOUT_EXONS:
        away = exons - min(len(query.exons), _LARGEST_EXON_COUNT)
        by_exons: tuple[int, ...] = (abs(away), away)
    else:
        by_exons = (-exons,)
    return *by_exons, not reference.cds, -reference.length, reference.transcript_id


class _OtherStrand:
    """Loci of the reference on the strand opposite to the transcripts that are asked for.

    Transcripts are asked for by ascending start. As in gffcompare, loci are looked at from the
    first that does not end before the transcript, until one lies apart.
    """

    def __init__(self, loci: Sequence[Locus]) -> None:
        self._loci = loci
        self._first = 0

    def links(self, query: Transcript, code: str) -> list[Link]:
        """Return the relations of a transcript; ``code`` is that on its own strand."""
        loci = self._loci
        if not loci or loci[self._first].start >= query.end:
            return []
        while query.start >= loci[self._first].end and self._first + 1 < len(loci):
            self._first += 1
        links: list[Link] = []
        index = self._first
        while index < len(loci) and loci[index].start < query.end and query.start < loci[index].end:
            links += _across(query, loci[index], code)
            index += 1
        return links


def _across(query: Transcript, locus: Locus, code: str) -> list[Link]:
    """Return the relations of a transcript to a locus on the other strand."""
    around: Transcript | None = None
    shadowed: Transcript | None = None
    for intron, owner in sorted(locus.introns.items(), key=lambda item: item[0]):
        if intron[0] >= query.end:
            break
        if query.start >= intron[1]:
            continue
        if intron[0] <= query.start and query.end <= intron[1]:
            if around is None or around.length < owner.length:
                around = owner
        elif any(_are_alike(intron, mine) for mine in query.introns) and (
            shadowed is None or shadowed.length < owner.length
        ):
            shadowed = owner
    links = [Link("s", shadowed)] if shadowed else []
    if around and code != "i":
        links.append(Link("i", around))
    if not links and (crossed := _crossed(query, locus)):
        links.append(Link("x", crossed))
    return links


def _are_alike(intron: Segment, other: Segment) -> bool:
    return (
        abs(intron[0] - other[0]) <= _FUZZ_OF_SHADOW
        and abs(intron[1] - other[1]) <= _FUZZ_OF_SHADOW
    )


def _crossed(query: Transcript, locus: Locus) -> Transcript | None:
    """Return the transcript of a locus that overlaps most in exons, else the longest around."""
    near = [
        one
        for one in by_position(locus.transcripts)
        if one.start < query.end and query.start < one.end
    ]
    if not near:
        return None
    overlaps = [shared(query.exons, one.exons) for one in near]
    if any(overlaps):
        return near[overlaps.index(max(overlaps))]
    return max(near, key=lambda one: one.length)
