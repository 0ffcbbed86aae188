"""Compares a completed annotation with its input, row by row, independently of what wrote it."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.gene_models.completed_input import GAINED, MARK
from transgenic_dagster.gene_models.completed_rows import CompletedRows, gains_of
from transgenic_dagster.gene_models.gff3_check import MOST_FAULTS
from transgenic_dagster.gene_models.gff3_writer import MRNA
from transgenic_dagster.input_genes.gff3 import parse_attributes

_Gene = tuple[str, str]
"""Sequence and identifier of a gene's row."""


@dataclass
class CompletedCheck:
    """Findings in a completed annotation.

    Args:
        gained: new isoforms by input gene.
        faults: sentences with line numbers, no more than ``MOST_FAULTS``.
    """

    gained: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def check_completed(gff3: Path, sorted_input: Path) -> CompletedCheck:
    """Check that every row of the input is there, untouched and in order, and all others are new.

    The row of a gene that gains isoforms says how many, and may reach farther; new rows are the
    mRNA rows that are marked, and their parts.

    Args:
        gff3: the completed annotation.
        sorted_input: the input as the run sorted it.
    """
    check, new_ids = CompletedCheck(), set[str]()
    said, changed, found = dict[_Gene, int](), set[_Gene](), Counter[_Gene]()
    rows = CompletedRows(gff3, sorted_input)
    for number, row, before in rows:
        if row == before and GAINED not in row:  # nearly all are
            continue
        columns = row.rstrip("\n").split("\t")
        attributes = parse_attributes(columns[-1])
        seqid, identifier = columns[0], attributes.get("ID", "")
        if before:
            said[seqid, identifier] = gains_of(row, before)
            if row != before:  # else it may be said of an earlier completion
                changed.add((seqid, identifier))
        elif columns[2] == MRNA and attributes.get(MARK[0]) == MARK[1]:
            new_ids.add(identifier)
            found[seqid, attributes.get("Parent", "")] += 1
            check.gained[attributes.get("GM", attributes.get("gm", ""))] += 1
        elif attributes.get("Parent") not in new_ids:
            check.faults.append(f"line {number} is not the input's, or of a new isoform")
            if len(check.faults) == MOST_FAULTS:
                return check
    if rows.missing:
        check.faults.append(f"the input's row {rows.missing.split()[:5]} is missing or has changed")
    for gene in sorted({*found, *changed}):
        if (gains := said.get(gene, 0)) != found[gene]:
            check.faults.append(f"{gene[1]} has {found[gene]} new isoforms, but says {gains}")
    return check
