"""The gene list: every gene of a sorted annotation, each with an identifier of its own."""

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.feature_types import DEFAULT_FEATURE_TYPES
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.input_genes.gff3 import decode, parse_attributes
from transgenic_dagster.input_genes.origin import MalformedRow, Origin, read_origin
from transgenic_dagster.reject_reason import RejectReason

_ID_KEYS = ("ID", "gene_id", "Name", "locus_tag")


@dataclass(frozen=True)
class GeneList:
    """The genes of an annotation, in the order of the sorted file, and what was left out.

    Args:
        annotation: name of the user's file.
        genes: the genes.
        skipped: duplicates and malformed rows, by line.
    """

    annotation: str
    genes: list[Gene]
    skipped: list[SkippedInput]


def read_genes(sorted_gff: Path, feature_types: Sequence[str] = DEFAULT_FEATURE_TYPES) -> GeneList:
    """Read the genes from a file that ``sort_annotation`` wrote.

    A gene's identifier is its ``ID``, else ``gene_id``, ``Name``, ``locus_tag``, else
    ``<seqid>:<start>-<end>``. A gene that repeats seqid, start, end and identifier of another is
    skipped as a duplicate; the same identifier elsewhere gets ``-2``, ``-3``, … appended.

    Args:
        sorted_gff: the sorted annotation, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.

    Raises:
        InputError: there is not one gene.
    """
    origin = read_origin(sorted_gff)
    genes: dict[tuple[str, str, int, int], Gene] = {}
    duplicates: list[SkippedInput] = []
    for gene in _gene_rows(sorted_gff, origin, feature_types):
        first = genes.setdefault((gene.gene_id, gene.seqid, gene.start, gene.end), gene)
        if first is not gene:
            duplicates.append(_duplicate(gene, first, origin.annotation))
    if not genes:
        types = Counter(row.split("\t", 3)[2] for row in _rows(sorted_gff))
        raise _no_genes(origin, feature_types, types)
    malformed = [_malformed(row, origin.annotation, feature_types) for row in origin.malformed_rows]
    skipped = sorted(malformed + duplicates, key=operator.attrgetter("line"))
    return GeneList(origin.annotation, _with_unique_ids(genes.values()), skipped)


def _gene_rows(sorted_gff: Path, origin: Origin, feature_types: Sequence[str]) -> Iterator[Gene]:
    """Yield the genes in order."""
    rows = zip(origin.lines, _rows(sorted_gff), strict=True)
    for number, (line, row) in enumerate(rows):
        seqid, _, feature_type, rest = row.split("\t", 3)
        if feature_type in feature_types:
            start, end, _, strand, _, attributes = rest.split("\t")
            gene_id = _identifier(attributes) or f"{decode(seqid)}:{start}-{end}"
            yield Gene(gene_id, seqid, int(start) - 1, int(end), strand, line, number)


def _rows(sorted_gff: Path) -> Iterator[str]:
    with sorted_gff.open(encoding="utf-8", newline="\n") as file:
        yield from (row.removesuffix("\n") for row in file if row[0] != "#")


def _identifier(attributes: str) -> str:
    values = parse_attributes(attributes)
    return next((value for key in _ID_KEYS if (value := values.get(key, ""))), "")


def _with_unique_ids(genes: Iterable[Gene]) -> list[Gene]:
    """Append ``-2``, ``-3``, … to identifiers that occurred before, never making another clash."""
    taken = {gene.gene_id for gene in genes}
    copies: dict[str, int] = {}
    unique: list[Gene] = []
    for gene in genes:
        gene_id = gene.gene_id
        if gene_id in copies:
            while gene_id in taken:
                copies[gene.gene_id] += 1
                gene_id = f"{gene.gene_id}-{copies[gene.gene_id]}"
            taken.add(gene_id)
        else:
            copies[gene_id] = 1
        unique.append(replace(gene, gene_id=gene_id))
    return unique


def _duplicate(gene: Gene, first: Gene, annotation: str) -> SkippedInput:
    detail = f"{annotation}, line {gene.line}: the gene repeats the one on line {first.line}."
    return SkippedInput.of_gene(gene, RejectReason.DUPLICATE, detail)


def _malformed(row: MalformedRow, annotation: str, feature_types: Sequence[str]) -> SkippedInput:
    return SkippedInput(
        reason=RejectReason.BAD_ROW,
        detail=f"{annotation}, line {row.line}: the row {row.problem}.",
        line=row.line,
        seqid=row.seqid,
        is_gene=row.feature_type in feature_types,
    )


def _no_genes(origin: Origin, feature_types: Sequence[str], types: Counter[str]) -> InputError:
    wanted = " or ".join(feature_types)
    if not types and origin.malformed_rows:
        return InputError(
            f"{origin.annotation} has no usable row: {_malformed_phrase(origin.malformed_rows)}"
        )
    malformed = [row for row in origin.malformed_rows if row.feature_type in feature_types]
    if malformed:
        return InputError(
            f"{origin.annotation} has no usable row of type {wanted}:"
            f" {_malformed_phrase(malformed)}"
        )
    found = ", ".join(f"{name} ({count})" for name, count in types.most_common(5))
    return InputError(
        f"{origin.annotation} has no row of type {wanted}, and no exons or CDS with a Parent or"
        f" gene_id to build genes from; its types are {found}: choose one with --feature_types."
    )


def _malformed_phrase(rows: Sequence[MalformedRow]) -> str:
    all_of_them = "the only one is" if len(rows) == 1 else f"all {len(rows):,} are"
    return f"{all_of_them} malformed: line {rows[0].line} {rows[0].problem}."
