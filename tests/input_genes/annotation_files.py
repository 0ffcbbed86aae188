"""Writing small annotation files and reading their genes."""

from pathlib import Path

from transgenic_dagster.input_genes.gene_list import GeneList, read_genes
from transgenic_dagster.input_genes.sorted_gff import Sorter, sort_annotation

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Third-party data, used in place; tests that need it skip where it is absent."""


def row(
    feature_type: str = "gene",
    start: object = 1,
    end: object = 100,
    attributes: str = "ID=g",
    *,
    seqid: str = "chr1",
    strand: str = "+",
) -> str:
    """Return one row of a GFF file."""
    return f"{seqid}\ttest\t{feature_type}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n"


def read(
    text: str | bytes,
    folder: Path,
    *,
    sorter: Sorter = "builtin",
    feature_types: tuple[str, ...] = ("gene",),
    name: str = "genes.gff3",
) -> GeneList:
    """Return the genes of an annotation with the given content."""
    sorted_gff = sort(text, folder, sorter=sorter, feature_types=feature_types, name=name)
    return read_genes(sorted_gff, feature_types)


def sort(
    text: str | bytes,
    folder: Path,
    *,
    sorter: Sorter = "builtin",
    feature_types: tuple[str, ...] = ("gene",),
    name: str = "genes.gff3",
) -> Path:
    """Return the sorted form of an annotation with the given content."""
    annotation = folder / name
    annotation.write_bytes(text if isinstance(text, bytes) else text.encode())
    sorted_gff = folder / "sorted.gff3"
    sort_annotation(annotation, sorted_gff, sorter=sorter, feature_types=feature_types)
    return sorted_gff


def rows_of(sorted_gff: Path) -> list[str]:
    """Return the rows of a GFF3 file."""
    lines = sorted_gff.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if not line.startswith("#")]


Coordinates = tuple[str, int, int, str, str]


def coordinates(gene_list: GeneList) -> set[Coordinates]:
    """Return the genes as (seqid, start, end, strand, ID), 1-based closed."""
    return {(g.seqid, g.start + 1, g.end, g.strand, g.gene_id) for g in gene_list.genes}


def recorded_coordinates(tsv: Path) -> set[Coordinates]:
    """Return a recorded gene list in the form of ``coordinates``."""
    columns = (line.split("\t") for line in tsv.read_text(encoding="utf-8").splitlines())
    return {(seqid, int(start), int(end), strand, i) for seqid, start, end, strand, i in columns}
