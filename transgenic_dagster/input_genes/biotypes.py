"""Telling protein-coding genes from others by what the annotation says of them.

A row of type ``gene`` is not protein-coding where its own biotype is an RNA or a pseudogene, or
where it has none and all of its transcripts are such. The biotype of a gene is the value of
``biotype`` (Ensembl), ``gene_biotype`` (NCBI, Ensembl's GTF), ``gene_type`` (GENCODE) or
``locus_type`` (Araport); that of a transcript is one of these, or its type. What says nothing, or
anything else, counts as protein-coding. Rows of another type than ``gene`` are genes because the
user has named that type, and so are wanted whatever they are.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.feature_types import TRANSCRIPT_PATTERN
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.input_genes.gene_list import GeneList, read_genes
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.reject_reason import RejectReason

Biotype = Literal["protein_coding", "all"]

_GENE = "gene"
_OF_GENE: Final = ("biotype", "gene_biotype", "gene_type", "locus_type")
_OF_TRANSCRIPT: Final = ("transcript_biotype", "transcript_type", *_OF_GENE)
_NOT_CODING = re.compile(r"(?i)(?<!^m)rna|pseudo|non_?coding")
_TRANSCRIPT = re.compile(TRANSCRIPT_PATTERN)


def read_wanted_genes(sorted_gff: Path, feature_types: Sequence[str], biotype: Biotype) -> GeneList:
    """Read the genes as ``read_genes`` does; those that are not wanted are among the skipped.

    Args:
        sorted_gff: the sorted annotation, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.
        biotype: ``protein_coding`` skips genes that the annotation says are something else.

    Raises:
        InputError: there is not one gene, or not one that is wanted.
    """
    listed = read_genes(sorted_gff, feature_types)
    if biotype == "all":
        return listed
    kinds = _other_kinds(sorted_gff)
    others = [gene for gene in listed.genes if gene.row in kinds]
    if len(others) == len(listed.genes):
        found = Counter(kinds[gene.row] for gene in others).most_common(5)
        raise InputError(
            f"No gene of {listed.annotation} is protein-coding by what it says "
            f"({', '.join(f'{name} {count:,}' for name, count in found)}); --biotype all takes "
            "them all the same."
        )
    skipped = [_skipped(gene, kinds[gene.row], listed.annotation) for gene in others]
    return replace(
        listed,
        genes=[gene for gene in listed.genes if gene.row not in kinds],
        skipped=sorted([*listed.skipped, *skipped], key=lambda one: one.line),
    )


def _other_kinds(sorted_gff: Path) -> dict[int, str]:
    """Return what genes are that are not protein-coding, by the number of their row."""
    kinds: dict[int, str] = {}
    undecided: dict[tuple[str, str], int] = {}
    transcripts: dict[tuple[str, str], list[str]] = {}
    with sorted_gff.open(encoding="utf-8", newline="\n") as rows:
        for number, row in enumerate(row for row in rows if row[0] != "#"):
            seqid, _, feature_type, rest = row.split("\t", 3)
            if feature_type == _GENE:
                attributes = parse_attributes(rest.rpartition("\t")[2].rstrip("\n"))
                said = _said(attributes, _OF_GENE)
                if said and _NOT_CODING.search(said):
                    kinds[number] = said
                elif not said and (identifier := attributes.get("ID")):
                    undecided[seqid, identifier] = number
            elif _TRANSCRIPT.search(feature_type):
                attributes = parse_attributes(rest.rpartition("\t")[2].rstrip("\n"))
                kind = _said(attributes, _OF_TRANSCRIPT) or feature_type
                for parent in attributes.get("Parent", "").split(","):
                    transcripts.setdefault((seqid, parent), []).append(kind)
    for name, number in undecided.items():
        of_gene = transcripts.get(name, [])
        if of_gene and all(_NOT_CODING.search(kind) for kind in of_gene):
            kinds[number] = of_gene[0]
    return kinds


def _said(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    return next((value for name in names if (value := attributes.get(name, ""))), "")


def _skipped(gene: Gene, kind: str, annotation: str) -> SkippedInput:
    where = f"{annotation}, line {gene.line}" if gene.line else annotation
    detail = (
        f"{where}: gene {gene.gene_id} is skipped because the annotation says that it is {kind}; "
        "--biotype all takes it all the same."
    )
    return SkippedInput.of_gene(gene, RejectReason.NOT_PROTEIN_CODING, detail)
