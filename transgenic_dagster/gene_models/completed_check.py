"""Compares a completed annotation with its input, row by row, independently of what wrote it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.gene_models.completed_input import GAINED, MARK, without_gain
from transgenic_dagster.gene_models.gff3_check import MOST_FAULTS
from transgenic_dagster.gene_models.gff3_writer import MRNA
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.system.output_files import read_output

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
    with sorted_input.open(encoding="utf-8", newline="\n") as lines, read_output(gff3) as written:
        expected = _rows(lines)
        _, awaited = next(expected, (0, ""))
        for number, row in _rows(written):
            if row == awaited and GAINED not in row:  # nearly all are
                _, awaited = next(expected, (0, ""))
                continue
            columns = row.rstrip("\n").split("\t")
            attributes = parse_attributes(columns[-1])
            seqid, identifier = columns[0], attributes.get("ID", "")
            gains = _gains(row, awaited) if awaited else 0
            if row == awaited or gains:
                said[seqid, identifier] = gains
                if row != awaited:  # else it may be said of an earlier completion
                    changed.add((seqid, identifier))
                _, awaited = next(expected, (0, ""))
            elif columns[2] == MRNA and attributes.get(MARK[0]) == MARK[1]:
                new_ids.add(identifier)
                found[seqid, attributes.get("Parent", "")] += 1
                check.gained[attributes.get("GM", attributes.get("gm", ""))] += 1
            elif attributes.get("Parent") not in new_ids:
                check.faults.append(f"line {number} is not the input's, or of a new isoform")
                if len(check.faults) == MOST_FAULTS:
                    return check
    if awaited:
        check.faults.append(f"the input's row {awaited.split()[:5]} is missing or has changed")
    for gene in sorted({*found, *changed}):
        if (gains := said.get(gene, 0)) != found[gene]:
            check.faults.append(f"{gene[1]} has {found[gene]} new isoforms, but says {gains}")
    return check


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    return ((n, line) for n, line in enumerate(lines, start=1) if not line.startswith("#"))


def _gains(row: str, before: str) -> int:
    """Return how many isoforms a gene gains, from its rows now and before; 0 where it does not."""
    now, then = row.rstrip("\n").split("\t"), before.rstrip("\n").split("\t")
    attributes, _, gained = now[-1].rpartition(f";{GAINED}=")
    if not gained.isdecimal() or attributes.split(";") != without_gain(then[-1]):
        return 0
    same = all(now[i] == then[i] for i in (0, 1, 2, 5, 6, 7))
    reaches = int(now[3]) <= int(then[3]) and int(then[4]) <= int(now[4])
    return int(gained) if same and reaches else 0
