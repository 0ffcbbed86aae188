"""Alternative splicing events between the transcripts of a gene, as rMATS defines them.

All are told by exons that follow each other in a transcript. A gene has

- a skipped exon, where one transcript has three exons in a row and another joins the first splice
  site of the three to the last;
- an alternative 5' (3') splice site, where two exons share their start (end) but not their donor
  (acceptor), and are joined to the same acceptor (donor);
- a retained intron, where one exon spans two that follow each other in another transcript, from
  the start of the first to the end of the second;
- mutually exclusive exons, where two exons that do not overlap are joined to the same donor before
  and the same acceptor behind, each in a transcript of its own.

Events are the same if their splice sites are, whatever the outer ends of the exons beside them.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import combinations, pairwise

from transgenic_dagster.evaluation.segments import Segment
from transgenic_dagster.evaluation.transcripts import Transcript


class EventKind(StrEnum):
    """Kinds of events, with the abbreviations of rMATS."""

    SKIPPED_EXON = "SE"
    ALTERNATIVE_5_PRIME_SITE = "A5SS"
    ALTERNATIVE_3_PRIME_SITE = "A3SS"
    RETAINED_INTRON = "RI"
    MUTUALLY_EXCLUSIVE_EXONS = "MXE"


EVENT_NAMES = {
    EventKind.SKIPPED_EXON: "skipped exon",
    EventKind.ALTERNATIVE_5_PRIME_SITE: "alternative 5' splice site",
    EventKind.ALTERNATIVE_3_PRIME_SITE: "alternative 3' splice site",
    EventKind.RETAINED_INTRON: "retained intron",
    EventKind.MUTUALLY_EXCLUSIVE_EXONS: "mutually exclusive exons",
}

Event = tuple[EventKind, str, tuple[int, ...]]
"""Kind, strand, and the positions (0-based boundaries, ascending) of the splice sites."""


def find_events(transcripts: Iterable[Transcript]) -> set[Event]:
    """Return the events between the transcripts of one gene.

    Args:
        transcripts: on one strand of one sequence; without a strand there are no events.
    """
    chains = {one.exons: one.strand for one in transcripts}
    strands = set(chains.values())
    if len(chains) < 2 or len(strands) != 1 or "." in strands:
        return set()
    gene = _SpliceGraph(list(chains))
    (strand,) = strands
    left, right = EventKind.ALTERNATIVE_5_PRIME_SITE, EventKind.ALTERNATIVE_3_PRIME_SITE
    if strand == "-":
        left, right = right, left
    found: dict[EventKind, set[tuple[int, ...]]] = {
        EventKind.SKIPPED_EXON: gene.skipped_exons(),
        EventKind.RETAINED_INTRON: gene.retained_introns(),
        EventKind.MUTUALLY_EXCLUSIVE_EXONS: gene.exclusive_exons(),
        left: gene.alternative_ends(),
        right: gene.alternative_starts(),
    }
    return {(kind, strand, sites) for kind, events in found.items() for sites in events}


class _SpliceGraph:
    """The exons of a gene and how they are joined, left to right whatever the strand."""

    def __init__(self, chains: Sequence[tuple[Segment, ...]]) -> None:
        self.exons = {exon for chain in chains for exon in chain}
        self.junctions = {pair for chain in chains for pair in pairwise(chain)}
        self.introns = {(left[1], right[0]) for left, right in self.junctions}
        self.inner = {
            (left[1], exon, right[0])
            for chain in chains
            for left, exon, right in zip(chain, chain[1:], chain[2:], strict=False)
        }
        self.chains = chains

    def skipped_exons(self) -> set[tuple[int, ...]]:
        return {
            (before, *exon, behind)
            for before, exon, behind in self.inner
            if (before, behind) in self.introns
        }

    def retained_introns(self) -> set[tuple[int, ...]]:
        return {
            (left[1], right[0])
            for left, right in self.junctions
            if (left[0], right[1]) in self.exons
        }

    def exclusive_exons(self) -> set[tuple[int, ...]]:
        between: dict[Segment, set[Segment]] = {}
        for before, exon, behind in self.inner:
            between.setdefault((before, behind), set()).add(exon)
        return {
            (before, *one, *other, behind)
            for (before, behind), exons in between.items()
            for one, other in combinations(sorted(exons), 2)
            if one[1] < other[0]
        }

    def alternative_ends(self) -> set[tuple[int, ...]]:
        """Return two right ends of an exon that are joined to the same exon behind."""
        ends: dict[tuple[int, int], set[int]] = {}
        for left, right in self.junctions:
            ends.setdefault((left[0], right[0]), set()).add(left[1])
        return {
            (*pair, behind)
            for (_, behind), sites in ends.items()
            for pair in combinations(sorted(sites), 2)
        }

    def alternative_starts(self) -> set[tuple[int, ...]]:
        """Return two left ends of an exon that are joined to the same exon before."""
        starts: dict[tuple[int, int], set[int]] = {}
        for left, right in self.junctions:
            starts.setdefault((left[1], right[1]), set()).add(right[0])
        return {
            (before, *pair)
            for (before, _), sites in starts.items()
            for pair in combinations(sorted(sites), 2)
        }
