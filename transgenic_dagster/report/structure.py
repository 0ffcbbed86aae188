"""Figures of an annotation's structure: lengths, exons, introns and isoforms, for distributions.

Only coding transcripts count, so that predictions and the input are compared on the same terms.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval
from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows


class Measure(NamedTuple):
    """A length or number that has a distribution.

    Args:
        name: its name for people.
        unit: of its values, empty for numbers.
        is_length: whether it spans orders of magnitude and is drawn on a logarithmic axis.
    """

    name: str
    unit: str
    is_length: bool


MEASURES: Final = {
    "cds_length": Measure("CDS length", "nt", True),
    "protein_length": Measure("Protein length", "aa", True),
    "intron_length": Measure("Intron length", "nt", True),
    "five_prime_utr": Measure("5′ UTR length", "nt", True),
    "three_prime_utr": Measure("3′ UTR length", "nt", True),
    "exons": Measure("Exons per transcript", "", False),
    "isoforms": Measure("Isoforms per gene", "", False),
}
"""Every measure of structure, in the order of the report."""


def _values() -> "dict[str, array[int]]":
    return {name: array("q") for name in MEASURES}


@dataclass
class Structure:
    """Values of every measure, over the coding genes of an annotation.

    Args:
        genes: coding genes.
        transcripts: their coding transcripts.
        mono_exonic: those of them with a single exon.
        values: of each measure. CDS, protein, UTR and exons are counted by transcript (UTRs where
            there is one), introns once per gene, isoforms by gene.
    """

    genes: int = 0
    transcripts: int = 0
    mono_exonic: int = 0
    values: dict[str, "array[int]"] = field(default_factory=_values)

    @property
    def multi_exonic(self) -> int:
        """Transcripts with more than one exon."""
        return self.transcripts - self.mono_exonic

    def add(self, gene: GeneBlock) -> None:
        """Count a gene, if it is coding."""
        coding = gene.coding
        if not coding:
            return
        self.genes += 1
        self.values["isoforms"].append(len(coding))
        introns: set[tuple[int, int]] = set()
        for transcript in coding:
            self._add_transcript(transcript, gene.strand)
            introns.update(introns_of(transcript.exons))
        self.values["intron_length"].extend(end - start for start, end in sorted(introns))

    def _add_transcript(self, transcript: TranscriptRows, strand: str) -> None:
        self.transcripts += 1
        self.mono_exonic += len(transcript.exons) == 1
        cds = length_of(transcript.cds)
        self.values["cds_length"].append(cds)
        self.values["protein_length"].append(max(cds // 3 - 1, 0))
        self.values["exons"].append(len(transcript.exons))
        left, right = utr_lengths(transcript)
        five, three = (left, right) if strand == "+" else (right, left)
        if five:
            self.values["five_prime_utr"].append(five)
        if three:
            self.values["three_prime_utr"].append(three)


def length_of(parts: Sequence[Interval] | Sequence[CdsPart]) -> int:
    """Return the nucleotides of parts that do not overlap."""
    return sum(part.end - part.start for part in parts)


def introns_of(exons: Sequence[Interval]) -> list[tuple[int, int]]:
    """Return the gaps between ascending exons, 0-based half-open."""
    return [(left.end, right.start) for left, right in pairwise(exons)]


def utr_lengths(transcript: TranscriptRows) -> tuple[int, int]:
    """Return the exonic nucleotides left and right of the CDS of a coding transcript."""
    first, last = transcript.cds[0].start, transcript.cds[-1].end
    left = sum(max(0, min(exon.end, first) - exon.start) for exon in transcript.exons)
    right = sum(max(0, exon.end - max(exon.start, last)) for exon in transcript.exons)
    return left, right
