"""Random access to the sequences of a FASTA file, however large it is."""

import os
from pathlib import Path
from types import TracebackType

from pyfaidx import Faidx

from transgenic_dagster.errors import InputError
from transgenic_dagster.sequences.compression import is_gzip
from transgenic_dagster.sequences.fasta_index import (
    FastaRecord,
    IrregularFastaError,
    index_in_place,
    write_fai,
    write_flat,
)

_ONLY_IN_PROTEINS = frozenset("EFILPQZ")


class Genome:
    """The sequences of one FASTA file; a context manager.

    Args:
        path: the user's FASTA file.
        lengths: length of each sequence (nt) by seqid, in the order of the file.
    """

    def __init__(self, path: Path, lengths: dict[str, int], faidx: Faidx) -> None:
        self.path = path
        self.lengths = lengths
        self._faidx = faidx

    def fetch(self, seqid: str, start: int, end: int) -> str:
        """Return ``[start, end)`` (0-based half-open) of a sequence, letters as in the file.

        Raises:
            KeyError: the file has no sequence of that name.
            ValueError: the interval is not within the sequence.
        """
        length = self.lengths[seqid]
        if not 0 <= start <= end <= length:
            raise ValueError(f"{seqid}:{start}-{end} is not within 0-{length}")
        return str(self._faidx.fetch(seqid, start + 1, end)) if start < end else ""

    def close(self) -> None:
        """Close the file."""
        self._faidx.close()

    def __enter__(self) -> "Genome":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_genome(fasta: Path, cache_folder: Path) -> Genome:
    """Open a FASTA file: plain, gzip or bgzip, recognised by its content.

    The index goes into ``cache_folder``; so does a plain copy of a file that cannot be indexed as
    it is (compressed, or with lines of varying length). Nothing is written beside the FASTA.

    Args:
        fasta: the FASTA file; a sequence's name ends at the first white space.
        cache_folder: an existing folder for the index and the copy.

    Raises:
        InputError: the file is missing, empty, damaged or not a FASTA file, names a sequence twice,
            or holds proteins.
    """
    indexed_file, records = _index(fasta, is_gzip(fasta), cache_folder)
    if not any(record.length for record in records):
        raise InputError(f"{fasta} holds no sequence.")
    fai = cache_folder / "genome.fa.fai"
    write_fai(records, fai)
    # pyfaidx builds its own index where this one looks older than the file.
    newest = max(fai.stat().st_mtime_ns, indexed_file.stat().st_mtime_ns)
    os.utime(fai, ns=(newest, newest))
    faidx = Faidx(str(indexed_file), indexname=str(fai), as_raw=True)
    genome = Genome(fasta, {record.seqid: record.length for record in records}, faidx)
    _refuse_proteins(genome)
    return genome


def _index(fasta: Path, compressed: bool, cache_folder: Path) -> tuple[Path, list[FastaRecord]]:
    """Return the file to read from, which may be a copy, and its records."""
    # pyfaidx takes the suffix .gz for compression.
    if not compressed and fasta.suffix.lower() not in {".gz", ".bgz", ".bz2", ".zip"}:
        try:
            return fasta, index_in_place(fasta)
        except IrregularFastaError:
            pass
    copy = cache_folder / "genome.fa"
    with copy.open("wb") as file:
        return copy, write_flat(fasta, file)


def _refuse_proteins(genome: Genome) -> None:
    seqid, length = next((s, n) for s, n in genome.lengths.items() if n)
    letters = genome.fetch(seqid, 0, min(length, 10_000)).upper()
    residues = _ONLY_IN_PROTEINS.intersection(letters)
    if residues:
        raise InputError(
            f"{genome.path} holds proteins, not DNA: {seqid} has the letter {min(residues)}."
        )
