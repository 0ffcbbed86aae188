"""Recognising what an annotation file is from its content, not from its name."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gtf import is_gff3

AnnotationFormat = Literal["gff3", "gtf", "bed"]

_ROWS_TO_LOOK_AT = 1000
_NO_ROWS = ("#", ">", "track ", "browser ")
_NUMBER = re.compile("[0-9]+")


def recognise(name: str, text: str, first_line: int = 1) -> AnnotationFormat:
    """Return the format of an annotation file; relatives of GFF3 count as ``gtf``.

    Args:
        name: name of the file, for messages.
        text: lines of it with the first rows, decompressed and decoded.
        first_line: number of the first of them.

    Raises:
        InputError: the rows are something else, or there are none.
    """
    rows = list(islice(_rows(text), _ROWS_TO_LOOK_AT))
    if not rows:
        raise InputError(f"{name} has no rows, only comments or blank lines.")
    votes = [vote for _, line in rows if (vote := _format_of_row(line))]
    if not votes:
        number, line = rows[0]
        raise InputError(
            f"{name} is neither GFF3, GTF nor BED: no row has coordinates in columns 4 and 5 (GFF3,"
            f" GTF) or 2 and 3 (BED) separated by tabs; line"
            f" {first_line + number} is {line.strip()[:60]!r}."
        )
    if votes.count("bed") * 2 > len(votes):
        return "bed"
    return "gtf" if "gtf" in votes else "gff3"


def has_rows(text: str) -> bool:
    """Return whether there is anything but comments and blank lines."""
    return next(_rows(text), None) is not None


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """Yield the rows, each with its 0-based line number."""
    for number, line in enumerate(text.split("\n")):
        if line.strip() and not line.startswith(_NO_ROWS):
            yield number, line


def refuse_other_files(name: str, text: str) -> None:
    """Tell what else a file may be by its beginning, which holds more than blanks.

    Args:
        name: name of the file, for messages.
        text: its first lines, decompressed and decoded.

    Raises:
        InputError: it is not an annotation.
    """
    start = text.lstrip()
    if "\0" in text:
        raise InputError(f"{name} is not a text file in UTF-8: an annotation is GFF3, GTF or BED.")
    if start.startswith(">"):
        raise InputError(
            f"{name} is a FASTA file, not an annotation (the FASTA comes first on the command line,"
            " the annotation second)."
        )
    if start.startswith(("LOCUS ", "ID   ")):
        raise InputError(f"{name} is a GenBank or EMBL file: convert it to GFF3.")


def _format_of_row(line: str) -> AnnotationFormat | None:
    columns = line.split("\t")
    if len(columns) >= 8 and _are_numbers(columns[3:5]) and not _are_numbers(columns[1:3]):
        return "gff3" if is_gff3("".join(columns[8:9])) else "gtf"
    if len(columns) == 1:
        columns = line.split()
    return "bed" if len(columns) >= 3 and _are_numbers(columns[1:3]) else None


def _are_numbers(columns: list[str]) -> bool:
    return all(_NUMBER.fullmatch(column.strip()) for column in columns)
