"""Streams the genes of a sorted annotation with their rows, one gene in memory at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from transgenic_dagster.input_genes.gene import Gene
from transgenic_dagster.input_genes.gff3 import attribute

Row = list[bytes]
"""The nine columns of a row, as written."""


def gene_rows(sorted_gff: Path, genes: Iterable[Gene]) -> Iterator[tuple[Gene, list[Row]]]:
    """Yield genes in the order of the file, each with its own row and those that descend from it.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote, in which children follow their parents.
        genes: the genes that are wanted; they have rows.
    """
    gene_at = {gene.row: gene for gene in genes}
    gene, rows, family = None, list[Row](), set[bytes]()
    for number, columns in enumerate(_rows(sorted_gff)):
        if number in gene_at:
            if gene:
                yield gene, rows
            gene, rows, family = gene_at[number], [columns], {attribute(columns[8], b"ID=")}
            continue
        parents = attribute(columns[8], b"Parent=")
        if parents and not family.isdisjoint(parents.split(b",")):
            rows.append(columns)
            if identifier := attribute(columns[8], b"ID="):
                family.add(identifier)
    if gene:
        yield gene, rows


def _rows(sorted_gff: Path) -> Iterator[Row]:
    with sorted_gff.open("rb") as lines:
        for line in lines:
            if line[:1] != b"#":
                yield line.rstrip(b"\n").split(b"\t")
