"""A transcript of either annotation, reduced to what comparisons need."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from transgenic_dagster.evaluation.segments import Segment, merge, total

LARGEST_GAP_IN_EXON = 4
"""Exons with so few nucleotides between them are one, for no intron is so short."""


@dataclass(frozen=True, slots=True, eq=False)
class Transcript:
    """A transcript with its exons, or with its coding parts in their place.

    Args:
        transcript_id: its identifier.
        gene_id: that of its gene; its own where it has none.
        seqid: its sequence.
        strand: ``+``, ``-`` or ``.``.
        source: column 2 of its first row.
        exons: ascending, 0-based half-open, with introns of five nucleotides or more between.
        cds: coding parts, ascending, stop codon included; empty where nothing is coding.
        phases: phase of each part of ``cds``, ``None`` where the file has none.
        is_gene: these are parts that the file hangs on the gene itself.
        level: number of features above it, 1 under a gene.

    Attributes:
        length: nucleotides of its exons.
        introns: what lies between exons, ascending, 0-based half-open.
        coding_exons: ``cds`` with parts joined that no intron separates.
    """

    transcript_id: str
    gene_id: str
    seqid: str
    strand: str
    source: str
    exons: tuple[Segment, ...]
    cds: tuple[Segment, ...]
    phases: tuple[int | None, ...]
    is_gene: bool = False
    level: int = 0
    length: int = field(init=False)
    introns: tuple[Segment, ...] = field(init=False)
    coding_exons: tuple[Segment, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", total(self.exons))
        object.__setattr__(self, "introns", tuple(introns(self.exons)))
        coding = (
            self.exons if self.cds == self.exons else tuple(merge(self.cds, LARGEST_GAP_IN_EXON))
        )
        object.__setattr__(self, "coding_exons", coding)

    @property
    def start(self) -> int:
        """First position of the first exon, 0-based."""
        return self.exons[0][0]

    @property
    def end(self) -> int:
        """End of the last exon, exclusive."""
        return self.exons[-1][1]


def introns(exons: Iterable[Segment]) -> Iterator[Segment]:
    """Yield what lies between ascending exons."""
    return ((left[1], right[0]) for left, right in pairwise(exons))


def coding_transcripts(transcripts: Iterable[Transcript]) -> list[Transcript]:
    """Return the coding ones, with their coding parts in place of their exons."""
    return [dataclasses.replace(one, exons=one.coding_exons) for one in transcripts if one.cds]


def position(one: Transcript) -> tuple[int, int, int, str]:
    """Return the key of gffcompare's order: start, level, end, identifier."""
    return one.start, one.level, one.end, one.transcript_id


def by_position(transcripts: Iterable[Transcript]) -> list[Transcript]:
    """Sort as gffcompare does before it compares."""
    return sorted(transcripts, key=position)


def by_gene(transcripts: Iterable[Transcript]) -> dict[tuple[str, str], list[Transcript]]:
    """Return the transcripts by strand and gene, in the order of their first transcript.

    Args:
        transcripts: of one sequence.
    """
    genes: dict[tuple[str, str], list[Transcript]] = {}
    for one in transcripts:
        genes.setdefault((one.strand, one.gene_id), []).append(one)
    return genes


def span(transcripts: Sequence[Transcript]) -> Segment:
    """Return the first start and the last end of several transcripts."""
    return min(one.start for one in transcripts), max(one.end for one in transcripts)
