"""Genes of the input annotation, and the rows and genes that never become regions."""

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Gene:
    """A gene of the input (coordinates 0-based half-open).

    Args:
        gene_id: identifier, decoded, unique in the list.
        seqid: sequence name as written in the annotation, not decoded.
        start: start on the sequence.
        end: end on the sequence, exclusive.
        strand: ``+``, ``-``, ``.`` or ``?``.
        line: its line in the user's file, from 1; 0 for a gene made from its parts.
        row: its row in the sorted annotation, from 0, comments not counted; -1 where there is none.
    """

    gene_id: str
    seqid: str
    start: int
    end: int
    strand: str
    line: int
    row: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class SkippedInput:
    """A row or gene of the input that never became a region, and why.

    Args:
        reason: the code of a ``RejectReason``.
        detail: one sentence for the user.
        line: 1-based line of the annotation file, 0 where no single line is to blame.
        gene_id: identifier of the gene, empty where the row has none.
        seqid: sequence name as written, empty where the row has none.
        gene_start: 0-based start, -1 where the row has none.
        gene_end: exclusive end, -1 where the row has none.
        strand: strand as written, ``.`` where the row has none.
        is_gene: whether this is a row (or gene) that would have become a region; False for a
            malformed row of another type, which is listed all the same.
    """

    reason: str
    detail: str
    line: int
    gene_id: str = ""
    seqid: str = ""
    gene_start: int = -1
    gene_end: int = -1
    strand: str = "."
    is_gene: bool = True

    @classmethod
    def of_gene(cls, gene: Gene, reason: str, detail: str) -> Self:
        """Skip a gene that has been read whole."""
        return cls(
            reason, detail, gene.line, gene.gene_id, gene.seqid, gene.start, gene.end, gene.strand
        )
