"""Tells which rows of a completed annotation are the input's, and which are new.

Marks alone do not say it: an annotation that is completed again has the marks of both times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.gene_models.completed_input import GAINED, without_gain
from transgenic_dagster.system.output_files import read_output


@dataclass
class CompletedRows:
    """Rows of a completed annotation, in order.

    Args:
        gff3: the completed annotation.
        sorted_input: the input as the run sorted it.
        missing: once all rows were read, the first row of the input that is not there, or not in
            its place, as written; empty where all are.
    """

    gff3: Path
    sorted_input: Path
    missing: str = ""

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Yield each row's line number, its text, and the input's row that it is.

        Both rows end with a line feed; the second is empty for a new row. They differ for a gene
        that gains isoforms.
        """
        with (
            self.sorted_input.open(encoding="utf-8", newline="\n") as lines,
            read_output(self.gff3) as written,
        ):
            expected = (row for _, row in _rows(lines))
            awaited = next(expected, "")
            for number, row in _rows(written):
                is_input = row == awaited or (GAINED in row and gains_of(row, awaited) > 0)
                yield number, row, awaited if is_input else ""
                if is_input:
                    awaited = next(expected, "")
            self.missing = awaited


def gains_of(row: str, before: str) -> int:
    """Return how many isoforms a gene gains.

    Args:
        row: its row.
        before: the input's row that awaits its turn, empty where there is none.

    Returns:
        0 where this is not that row, or gains nothing.
    """
    if not before:
        return 0
    now, then = row.rstrip("\n").split("\t"), before.rstrip("\n").split("\t")
    attributes, _, gained = now[-1].rpartition(f";{GAINED}=")
    if not gained.isdecimal() or attributes.split(";") != without_gain(then[-1]):
        return 0
    same = all(now[i] == then[i] for i in (0, 1, 2, 5, 6, 7))
    reaches = int(now[3]) <= int(then[3]) and int(then[4]) <= int(now[4])
    return int(gained) if same and reaches else 0


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    return ((n, line) for n, line in enumerate(lines, start=1) if not line.startswith("#"))
