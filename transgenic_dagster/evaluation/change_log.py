"""What became of each gene of the input: the change log, as plain data and as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from transgenic_dagster.system.output_files import write_output

COLUMNS = (
    *("change", "seqid", "start", "end", "strand", "input_gene", "output_genes"),
    *("input_isoforms", "output_isoforms", "isoforms_gained", "isoforms_lost"),
)


class Change(StrEnum):
    """What became of a gene; the value is the code in the table."""

    UNCHANGED = "unchanged"
    UTR_ONLY = "utr_only"
    CDS_CHANGED = "cds_changed"
    ISOFORM_GAINED = "isoform_gained"
    ISOFORM_LOST = "isoform_lost"
    ISOFORM_GAINED_AND_LOST = "isoform_gained_and_lost"
    MERGED = "merged"
    SPLIT = "split"
    LOST = "lost"
    OFF_TARGET = "off_target"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class GeneChange:
    """One row of the change log.

    Args:
        change: what became of the gene.
        seqid: its sequence.
        start: 0-based, of the input gene; of the output gene where it is new.
        end: exclusive.
        strand: ``+``, ``-`` or ``.``.
        input_gene: its identifier in the input, empty for a new gene.
        output_genes: the genes of the output that it became, empty if none.
        input_isoforms: its transcripts in the input, all genes together where they were merged.
        output_isoforms: transcripts of the output genes.
        gained: distinct coding structures that only the output has.
        lost: distinct coding structures that only the input has.
    """

    change: Change
    seqid: str
    start: int
    end: int
    strand: str
    input_gene: str
    output_genes: tuple[str, ...]
    input_isoforms: int
    output_isoforms: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """What became of all genes, by sequence and position."""

    genes: tuple[GeneChange, ...]

    def counts(self) -> dict[Change, int]:
        """Return the number of genes for every kind of change, zeros included."""
        counts = dict.fromkeys(Change, 0)
        for gene in self.genes:
            counts[gene.change] += 1
        return counts


def write_change_log(path: Path, log: ChangeLog) -> None:
    """Write the change log as a table with a header; positions 1-based, both ends included."""
    with write_output(path) as file:
        file.write("\t".join(COLUMNS) + "\n")
        file.writelines(_rows(log.genes))


def _rows(genes: Iterable[GeneChange]) -> Iterable[str]:
    for gene in genes:
        columns = (
            *(gene.change, gene.seqid, gene.start + 1, gene.end, gene.strand),
            *(gene.input_gene or ".", ",".join(gene.output_genes) or "."),
            *(gene.input_isoforms, gene.output_isoforms, gene.gained, gene.lost),
        )
        yield "\t".join(map(str, columns)) + "\n"
