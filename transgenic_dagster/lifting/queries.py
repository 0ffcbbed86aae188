"""What is aligned of a gene: all of its DNA or its exons; and the place that an alignment gives it.

Queries are written along the forward strand of the old assembly, whatever the gene's strand.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from pathlib import Path

from transgenic_dagster.input_genes.feature_types import CODING_PATTERN, EXON_PATTERN
from transgenic_dagster.input_genes.gene import Gene
from transgenic_dagster.input_genes.gene_rows import Row, gene_rows
from transgenic_dagster.lifting.aligner import Hit

_PART = re.compile(f"(?i)utr|{EXON_PATTERN[4:]}|{CODING_PATTERN[4:]}")
_SHORTEST_QUERY = 60
"""Nucleotides of exons below which they are not aligned."""
_OPPOSITE = {"+": "-", "-": "+"}

Block = tuple[int, int]
"""Start and end, 0-based half-open."""


class Query(StrEnum):
    """What is aligned of a gene."""

    WHOLE = "whole"
    EXONS = "exons"


@dataclass(frozen=True, slots=True)
class OldGene:
    """A gene of the old assembly.

    Args:
        gene: the gene.
        feature_type: column 3 of its row.
        attributes: column 9 of its row, as written.
        exons: all that any of its transcripts has, ascending, without overlaps; none where they
            are too short to be found.
    """

    gene: Gene
    feature_type: str
    attributes: str
    exons: tuple[Block, ...]

    @property
    def has_introns(self) -> bool:
        """Whether its exons are less than the gene."""
        return bool(self.exons) and self.exons != self.blocks(Query.WHOLE)

    def blocks(self, what: Query) -> tuple[Block, ...]:
        """Return the parts of the old sequence that a query is made of."""
        return self.exons if what is Query.EXONS else ((self.gene.start, self.gene.end),)


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a gene in the new assembly (0-based half-open).

    Args:
        target: number of the sequence.
        start: where the gene begins.
        end: where it ends.
        strand: that of the gene there.
        identity: share of the alignment's bases that are equal, from 0 to 1.
        coverage: share of the query that is aligned, from 0 to 1.
    """

    target: int
    start: int
    end: int
    strand: str
    identity: float
    coverage: float

    @property
    def score(self) -> float:
        """Share of the query that is found."""
        return self.identity * self.coverage

    def overlaps(self, other: "Place") -> bool:
        """Return whether they share half of the shorter one."""
        return self.target == other.target and share_half(
            (self.start, self.end), (other.start, other.end)
        )


def share_half(one: Block, other: Block) -> bool:
    """Return whether two intervals share half of the shorter one."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return 2 * shared >= max(1, min(one[1] - one[0], other[1] - other[0]))


def read_old_genes(sorted_gff: Path, genes: Iterable[Gene]) -> Iterator[OldGene]:
    """Yield the genes of the old annotation, in its order.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote.
        genes: its genes.
    """
    for gene, rows in gene_rows(sorted_gff, genes):
        exons = _exons(gene, rows)
        long_enough = sum(end - start for start, end in exons) >= _SHORTEST_QUERY
        feature_type, attributes = rows[0][2].decode(), rows[0][8].decode()
        yield OldGene(gene, feature_type, attributes, exons if long_enough else ())


def _exons(gene: Gene, rows: Iterable[Row]) -> tuple[Block, ...]:
    parts = (row for row in rows if _PART.search(row[2].decode()))
    joined: list[Block] = []
    for start, end in sorted((int(row[3]) - 1, int(row[4])) for row in parts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif gene.start <= start and end <= gene.end:
            joined.append((start, end))
    return tuple(joined)


def place(old: OldGene, what: Query, hit: Hit, length: int) -> Place:
    """Return the place that an alignment gives to a gene.

    What is not aligned at the gene's ends is as long as in the old assembly, introns included.

    Args:
        old: the gene.
        what: was aligned of it.
        hit: the alignment.
        length: of the sequence in the new assembly (nt).
    """
    gene, blocks = old.gene, old.blocks(what)
    before = _position(blocks, hit.query_start) - gene.start
    behind = gene.end - 1 - _position(blocks, hit.query_end - 1)
    left, right = (before, behind) if hit.forward else (behind, before)
    return Place(
        target=hit.target,
        start=max(0, hit.start - left),
        end=min(length, hit.end + right),
        strand=gene.strand if hit.forward else _OPPOSITE.get(gene.strand, gene.strand),
        identity=hit.matches / hit.length,
        coverage=(hit.query_end - hit.query_start) / sum(end - start for start, end in blocks),
    )


def _position(blocks: tuple[Block, ...], offset: int) -> int:
    """Return where on the old sequence the base at an offset of the query lies."""
    begins = list(accumulate((end - start for start, end in blocks), initial=0))
    number = bisect_right(begins, offset) - 1
    return blocks[number][0] + offset - begins[number]
