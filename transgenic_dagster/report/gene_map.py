"""Places of all genes along the sequences: counts by bin for the largest, sums for the rest."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transgenic_dagster.report.reject_lines import LostGene
from transgenic_dagster.sequences.natural_order import natural_key

MOST_SEQUENCES = 24
BINS = 300
"""Bins of the longest sequence; all bins are equally long."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SequenceCounts:
    """Genes of one sequence, or of several together.

    Args:
        name: of the sequence.
        length: nucleotides.
        annotated: genes with a gene model.
        rejected: genes without one.
        skipped: genes that never became a region.
    """

    name: str
    length: int
    annotated: int
    rejected: int
    skipped: int

    @property
    def genes(self) -> int:
        """All genes."""
        return self.annotated + self.rejected + self.skipped


class GeneMap:
    """Counts genes by sequence, and along the largest sequences by bin.

    A gene counts in the bin of its middle; predicted genes at their predicted place.

    Args:
        lengths: nucleotides by sequence.
    """

    def __init__(self, lengths: Mapping[str, int]) -> None:
        self.lengths = lengths
        largest = sorted(lengths, key=lambda name: (-lengths[name], natural_key(name)))
        self.shown = sorted(largest[:MOST_SEQUENCES], key=natural_key)
        longest = max(lengths.values(), default=1)
        self.bin_size = max(1, -(-longest // BINS))
        self._numbers = {name: number for number, name in enumerate(self.shown)}
        self._bins = np.zeros((3, len(self.shown), BINS), dtype=np.int64)
        self._totals: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())

    def add_annotated(self, seqid: str, start: int, end: int) -> None:
        """Count a predicted gene (0-based half-open)."""
        self._add(0, seqid, start, end)

    def add_lost(self, rejected: Iterable[LostGene], skipped: Iterable[LostGene]) -> None:
        """Count genes without a gene model."""
        for row, genes in enumerate((rejected, skipped), start=1):
            for gene in genes:
                self._add(row, gene.seqid, gene.start, gene.end)

    def bins(self, seqid: str) -> Counts:
        """Annotated, rejected and skipped genes of a shown sequence by bin, shape (3, bins)."""
        count = max(1, -(-self.lengths[seqid] // self.bin_size))
        return self._bins[:, self._numbers[seqid], :count]

    @property
    def highest(self) -> tuple[int, int]:
        """Genes in the fullest bin: annotated ones, and rejected and skipped ones."""
        annotated, rejected, skipped = self._bins
        return int(annotated.max(initial=0)), int((rejected + skipped).max(initial=0))

    def rows(self) -> list[SequenceCounts]:
        """Counts of the shown sequences, in order, and of the others together."""
        rows = [self._row(name, [name]) for name in self.shown]
        others = [name for name in self.lengths if name not in self._numbers]
        if others:
            noun = "sequence" if len(others) == 1 else "sequences"
            rows.append(self._row(f"{len(others):,} other {noun}", others))
        unknown = {name for total in self._totals for name in total} - self.lengths.keys()
        if unknown:
            rows.append(self._row("not in the FASTA file", sorted(unknown)))
        return rows

    def _row(self, title: str, names: Iterable[str]) -> SequenceCounts:
        chosen = list(names)
        annotated, rejected, skipped = (
            sum(total[name] for name in chosen) for total in self._totals
        )
        length = sum(self.lengths.get(name, 0) for name in chosen)
        return SequenceCounts(title, length, annotated, rejected, skipped)

    def _add(self, row: int, seqid: str, start: int, end: int) -> None:
        self._totals[row][seqid] += 1
        number = self._numbers.get(seqid)
        if number is not None:
            place = min((start + end) // 2, self.lengths[seqid] - 1) // self.bin_size
            self._bins[row, number, place] += 1
