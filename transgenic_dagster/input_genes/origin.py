"""Origin of the rows of a sorted annotation, kept in a file beside it.

Sorting changes line numbers and leaves malformed rows out; messages to the user name the lines of
the file that the user gave.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.wording import counted


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row of the user's file that cannot be read, and why.

    Args:
        line: its line, from 1.
        seqid: column 1 as written.
        feature_type: column 3 as written, empty where the row has none.
        problem: what is wrong with it, to be read after "the row".
    """

    line: int
    seqid: str
    feature_type: str
    problem: str


@dataclass(frozen=True, slots=True)
class RowCounts:
    """What became of the rows of the user's file; comments and blank lines are no rows.

    Args:
        read: rows of the file.
        genes: rows that are genes.
        parts: rows that belong to a gene, also to one that was built.
        orphans: transcripts, exons and CDS that belong to no gene, by feature type.
        others: all else that is not used, by feature type.
        malformed: rows that cannot be read.
        built: genes that were built because they have no row.
        biotypes: genes by ``biotype`` or ``gene_biotype``, where they have one.
    """

    read: int = 0
    genes: int = 0
    parts: int = 0
    orphans: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    malformed: int = 0
    built: int = 0
    biotypes: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in one line, for example ``9 rows: 2 genes, 6 of their parts; not used: 1 SNP``.

        The numbers up to ``malformed`` add up to the rows; built genes are told apart.
        """
        text = f"{counted(self.read, 'row')}: {counted(self.genes, 'gene')}"
        text += _in_brackets(self.biotypes) + f", {self.parts:,} of their parts"
        if self.others:
            text += f"; not used: {_by_type(self.others)}"
        if self.orphans:
            text += f"; without a gene: {_by_type(self.orphans)}"
        if self.malformed:
            text += f"; malformed: {self.malformed:,}"
        if self.built:
            text += f"; genes built from parts: {self.built:,}"
        return text


def _in_brackets(counts: Mapping[str, int]) -> str:
    return f" ({_by_type(counts)})" if counts else ""


def _by_type(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


@dataclass(frozen=True)
class Origin:
    """Lines and malformed rows of the file that a sorted annotation was made from.

    Args:
        annotation: name of the user's file.
        lines: for each row of the sorted file, the line (from 1) of the user's file; 0 for a row
            that was added.
        malformed_rows: the rows left out, in the order of the user's file.
        counts: what became of the rows of the user's file.
    """

    annotation: str
    lines: list[int]
    malformed_rows: list[MalformedRow]
    counts: RowCounts = field(default_factory=RowCounts)

    def write(self, sorted_gff: Path) -> None:
        """Write the file that belongs to ``sorted_gff``."""
        with atomic_write(_path(sorted_gff)) as file:
            file.write(json.dumps(dataclasses.asdict(self)))


def read_origin(sorted_gff: Path) -> Origin:
    """Read what ``Origin.write`` wrote for ``sorted_gff``."""
    fields = json.loads(_path(sorted_gff).read_text(encoding="utf-8"))
    malformed_rows = [MalformedRow(**row) for row in fields.pop("malformed_rows")]
    counts = RowCounts(**fields.pop("counts", {}))
    return Origin(malformed_rows=malformed_rows, counts=counts, **fields)


def _path(sorted_gff: Path) -> Path:
    return sorted_gff.with_name(sorted_gff.name + ".origin.json")
