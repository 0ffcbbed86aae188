"""The lines of an annotation file, whatever its compression, encoding and line ends."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.recognise import (
    AnnotationFormat,
    has_rows,
    recognise,
    refuse_other_files,
)
from transgenic_dagster.sequences.compression import read_blocks
from transgenic_dagster.sequences.text_encoding import decode_lines

_UNCHECKED_SIZE = 1 << 26
_FASTA_STARTS = ("##FASTA", ">")
_LINE_WITHOUT_TABS = re.compile(r"^[^\t\n]+$", re.MULTILINE)


def read_annotation(path: Path) -> tuple[AnnotationFormat, Iterator[tuple[int, str]]]:
    r"""Return the format of an annotation file, and its text.

    The text comes in blocks of whole lines, each with the number (from 1) of its first line; lines
    end in ``\n``. Sequences embedded in the file are blanked or left out.

    Raises:
        InputError: the file is missing, unreadable, empty or not an annotation.
    """
    blocks = decode_lines(read_blocks(path, unchecked_size=_UNCHECKED_SIZE), path)
    line = 1
    for beginning in blocks:
        if not beginning.isspace():
            break
        line += beginning.count("\n")
    else:
        raise InputError(f"{path} is empty.")
    refuse_other_files(str(path), beginning)
    numbered = _numbered(chain([beginning], blocks), line)
    # Blocks without rows, however many, are not kept.
    for line, text in numbered:
        if has_rows(text):
            return recognise(str(path), text, line), chain([(line, text)], numbered)
    return recognise(str(path), "", line), numbered


def _numbered(blocks: Iterator[str], line: int) -> Iterator[tuple[int, str]]:
    in_fasta = False
    for block in blocks:
        text = block
        if in_fasta:
            text = _LINE_WITHOUT_TABS.sub("", block) if "\t" in block else ""
        elif (start := _fasta_start(block)) >= 0:
            in_fasta = True
            # Rows that follow the sequences, as in joined files, still count.
            text = block[:start] + _LINE_WITHOUT_TABS.sub("", block[start:])
        if text:
            yield line, text
        line += block.count("\n")


def _fasta_start(block: str) -> int:
    """Return where embedded sequences begin in a block of whole lines, -1 where they do not."""
    if block.startswith(_FASTA_STARTS):
        return 0
    starts = [block.find("\n" + start) + 1 for start in _FASTA_STARTS]
    return min((start for start in starts if start), default=-1)
