"""Origin of the rows of a sorted annotation, kept in a file beside it.

Sorting changes line numbers and leaves malformed rows out; messages to the user name the lines of
the file that the user gave.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.system.atomic_files import atomic_write


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


@dataclass(frozen=True)
class Origin:
    """Lines and malformed rows of the file that a sorted annotation was made from.

    Args:
        annotation: name of the user's file.
        lines: for each row of the sorted file, the line (from 1) of the user's file; 0 for a row
            that was added.
        malformed_rows: the rows left out, in the order of the user's file.
    """

    annotation: str
    lines: list[int]
    malformed_rows: list[MalformedRow]

    def write(self, sorted_gff: Path) -> None:
        """Write the file that belongs to ``sorted_gff``."""
        rows = [dataclasses.asdict(row) for row in self.malformed_rows]
        fields = {"annotation": self.annotation, "lines": self.lines, "malformed_rows": rows}
        with atomic_write(_path(sorted_gff)) as file:
            file.write(json.dumps(fields))


def read_origin(sorted_gff: Path) -> Origin:
    """Read what ``Origin.write`` wrote for ``sorted_gff``."""
    fields = json.loads(_path(sorted_gff).read_text(encoding="utf-8"))
    malformed_rows = [MalformedRow(**row) for row in fields.pop("malformed_rows")]
    return Origin(malformed_rows=malformed_rows, **fields)


def _path(sorted_gff: Path) -> Path:
    return sorted_gff.with_name(sorted_gff.name + ".origin.json")
