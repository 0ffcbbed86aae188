"""Indexing a FASTA file in one pass, at the speed of the disk, with memory for one block.

The index has the columns of a samtools ``.fai`` file; pyfaidx reads it. The builder of pyfaidx
itself holds whole lines in memory, and gives wrong bases, without an error, where lines hold
blanks, end as on old Macs, or where the last one of a sequence is longer than the others.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from transgenic_dagster.errors import InputError
from transgenic_dagster.sequences.compression import BLOCK_SIZE, read_blocks
from transgenic_dagster.sequences.text_encoding import decode_text

_LINE_FEED, _CARRIAGE_RETURN, _RECORD_START = b"\n\r>"
_WHITE_SPACE = b" \t\n\r\v\f"
_NON_ASCII_TO_N = bytes(code if code < 128 else ord("N") for code in range(256))

_LONGEST_HEADER = 1 << 24

Counts = npt.NDArray[np.int64]


class IrregularFastaError(ValueError):
    """The lines of a sequence differ in length, so that no ``.fai`` can describe the file."""


@dataclass(slots=True)
class FastaRecord:
    """One sequence of a FASTA file, as a row of a ``.fai`` index.

    Args:
        seqid: name, up to the first white space.
        offset: byte at which the sequence begins.
        length: number of bases.
        line_bases: bases per line; 0 for an empty sequence.
        line_bytes: bytes per line, line end included.
        ended: whether a short line was seen, after which none may follow.
    """

    seqid: str
    offset: int
    length: int = 0
    line_bases: int = 0
    line_bytes: int = 0
    ended: bool = False

    def add_lines(self, bases: Counts, line_bytes: Counts) -> None:
        """Add lines of sequence, in order.

        Args:
            bases: bases on each line.
            line_bytes: bytes of each line, line end included.

        Raises:
            IrregularFastaError: a line that is not the last differs from the first.
        """
        if not bases.size:
            return
        if not self.line_bases:
            self.line_bases, self.line_bytes = int(bases[0]), int(line_bytes[0])
        full = (bases == self.line_bases) & (line_bytes == self.line_bytes)
        tail = bases[np.append(full, False).argmin() :]
        if (
            not self.line_bases
            or (self.ended and bases.any())
            or (tail[:1] > self.line_bases).any()
            or tail[1:].any()
        ):
            raise IrregularFastaError
        self.ended = self.ended or bool(tail.size)
        self.length += int(bases.sum())


def index_in_place(path: Path) -> list[FastaRecord]:
    """Return the records of an uncompressed FASTA file, in its order.

    Raises:
        IrregularFastaError: only a copy made by ``write_flat`` can be indexed.
        InputError: the file is not a FASTA file, one of its records has no name, or
            two have the same.
    """
    records: list[FastaRecord] = []
    seqids: set[str] = set()
    for block_start, block in _blocks_of_whole_lines(path):
        if not records and block.startswith(BOM_UTF8):
            raise IrregularFastaError
        letters = np.frombuffer(block, dtype=np.uint8)
        line_ends = np.flatnonzero(letters == _LINE_FEED)
        line_starts = np.concatenate(([0], line_ends[:-1] + 1))
        line_bytes = line_ends - line_starts + 1
        bases = line_bytes - 1 - (letters[line_ends - 1] == _CARRIAGE_RETURN)
        header_lines = np.flatnonzero(letters[line_starts] == _RECORD_START)
        headers: list[bytes] = []
        # The lines before the first header go on with the record of the block before.
        for header_line, next_header_line in pairwise([-1, *header_lines, bases.size]):
            if header_line >= 0:
                end = line_ends[header_line]
                headers.append(block[line_starts[header_line] + 1 : end])
                seqid = _new_seqid(headers[-1], path, seqids)
                records.append(FastaRecord(seqid, block_start + int(end) + 1))
            lines = slice(header_line + 1, next_header_line)
            if records:
                records[-1].add_lines(bases[lines], line_bytes[lines])
            elif bases[lines].any():
                raise _no_fasta(path)
        _refuse_strange_letters(block, b"".join(headers))
    return records


def write_flat(path: Path, target: BinaryIO) -> list[FastaRecord]:
    """Copy a FASTA file of any shape, compressed or not, with each sequence on a single line.

    Returns:
        The records of the copy, in the order of the file.

    Raises:
        InputError: the file is not a FASTA file, one of its records has no name, or
            two have the same.
    """
    records: list[FastaRecord] = []
    seqids: set[str] = set()
    rest = b"\n"
    for block in chain(read_blocks(path), [b"\n"]):
        text = rest + (block if records else block.removeprefix(BOM_UTF8)).replace(b"\r", b"\n")
        pieces = text.split(b"\n>")
        # A header cut off by the block's end, or the last byte, waits for the next block.
        if len(pieces) > 1 and b"\n" not in pieces[-1]:
            rest = b"\n>" + pieces.pop()
            if len(rest) > _LONGEST_HEADER:
                raise InputError(
                    f"{path}: the header of record {len(records) + len(pieces)} has no end within"
                    f" {_LONGEST_HEADER:,} bytes."
                )
        else:
            pieces[-1], rest = pieces[-1][:-1], pieces[-1][-1:]
        _append_bases(records, pieces[0], target, path)
        for piece in pieces[1:]:
            header, _, bases = piece.partition(b"\n")
            if records:
                target.write(b"\n")
            seqid = _new_seqid(header, path, seqids)
            target.write(b">" + seqid.encode() + b"\n")
            records.append(FastaRecord(seqid, target.tell()))
            _append_bases(records, bases, target, path)
    target.write(b"\n")
    for record in records:
        record.line_bases = record.length
        record.line_bytes = record.length + 1
    return records


def write_fai(records: list[FastaRecord], path: Path) -> None:
    """Write the index in the format of samtools."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(
            f"{record.seqid}\t{record.length}\t{record.offset}"
            f"\t{record.line_bases}\t{record.line_bytes}\n"
            for record in records
        )


def _blocks_of_whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield blocks that end where a line ends, each with its offset in the file."""
    block_start, rest = 0, b""
    for block in read_blocks(path):
        cut = block.rfind(b"\n") + 1
        if not cut and len(rest) > BLOCK_SIZE:
            raise IrregularFastaError  # a line of megabytes: not to be held in memory
        if cut:
            whole = rest + block[:cut]
            yield block_start, whole
            block_start += len(whole)
            rest = b""
        rest += block[cut:]
    if rest:
        yield block_start, rest + b"\n"


def _append_bases(records: list[FastaRecord], text: bytes, target: BinaryIO, path: Path) -> None:
    bases = text.translate(_NON_ASCII_TO_N, delete=_WHITE_SPACE)
    if bases and not records:
        raise _no_fasta(path)
    if bases:
        target.write(bases)
        records[-1].length += len(bases)


def _new_seqid(header: bytes, path: Path, seqids: set[str]) -> str:
    """Return the name in a header without its ``>``, and add it to the names that are taken."""
    if b"\r" in header.removesuffix(b"\r"):
        raise IrregularFastaError  # line ends of old Macs
    fields = header.split(maxsplit=1)
    if not fields or header[:1].isspace():
        raise InputError(f"{path}: record {len(seqids) + 1} has no name after its '>'.")
    seqid = decode_text(fields[0])
    if seqid in seqids:
        raise InputError(
            f"{path} has two sequences named {seqid!r}: give each its own name (a name ends"
            " at the first white space)."
        )
    seqids.add(seqid)
    return seqid


def _refuse_strange_letters(block: bytes, headers: bytes) -> None:
    """Check that only headers hold blanks, tabs and letters outside ASCII."""
    if (
        block.count(b" ") > headers.count(b" ")
        or block.count(b"\t") > headers.count(b"\t")
        or (not block.isascii() and _count_non_ascii(block) > _count_non_ascii(headers))
    ):
        raise IrregularFastaError


def _count_non_ascii(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) > 127))


def _no_fasta(path: Path) -> InputError:
    return InputError(
        f"{path} is not a FASTA file: it does not begin with '>' (the FASTA comes first on the"
        " command line, the annotation second)."
    )
