"""What the genome says of the transcripts of one annotation: reading frames and splice sites."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from transgenic_dagster.evaluation.measures import SequenceQuality
from transgenic_dagster.evaluation.transcripts import Transcript
from transgenic_dagster.gene_models.gene_model import CdsPart, TranscriptStructure
from transgenic_dagster.gene_models.qc import CANONICAL_INTRON_ENDS, assess
from transgenic_dagster.sequences.dna import normalise, reverse_complement


@dataclass(slots=True)
class QualityCounts:
    """Adds up the quality of transcripts, sequence by sequence."""

    coding: int = 0
    complete: int = 0
    introns: int = 0
    canonical: int = 0
    _seen: set[tuple[str, int, int]] = field(default_factory=set)

    def add(self, transcripts: Iterable[Transcript], sequence: str) -> None:
        """Count the transcripts of one sequence; those without a strand or beyond its end not.

        Args:
            transcripts: all of one sequence.
            sequence: the whole sequence, letters as in the file.
        """
        self._seen.clear()
        for one in transcripts:
            if one.strand == "." or one.end > len(sequence):
                continue
            if one.cds:
                self.coding += 1
                self.complete += _is_complete(one, sequence)
            for start, end in one.introns:
                if (one.strand, start, end) not in self._seen:
                    self._seen.add((one.strand, start, end))
                    self.introns += 1
                    self.canonical += _is_canonical(one.strand, sequence[start:end])

    def result(self) -> SequenceQuality:
        """Return the counts."""
        return SequenceQuality(self.coding, self.complete, self.introns, self.canonical)


def _is_complete(one: Transcript, sequence: str) -> bool:
    parts = one.cds if one.strand == "+" else one.cds[::-1]
    phases = one.phases if one.strand == "+" else one.phases[::-1]
    first = (*parts[0], phases[0] or 0)
    start, end = one.cds[0][0], one.cds[-1][1]
    cds = tuple(CdsPart(*part, first[2] if part == first[:2] else 0) for part in one.cds)
    window = normalise(sequence[start:end])
    quality = assess(TranscriptStructure(one.strand, cds), window, start)
    return quality.start_codon and quality.stop_codon and not quality.inframe_stops


def _is_canonical(strand: str, intron: str) -> bool:
    forward = normalise(intron)
    along = forward if strand == "+" else reverse_complement(forward)
    return (along[:2], along[-2:]) in CANONICAL_INTRON_ENDS


def is_mostly_soft_masked(one: Transcript, sequence: str) -> bool:
    """Return whether more than half of a transcript's nucleotides are lower-case letters."""
    masked = sum(letter.islower() for start, end in one.exons for letter in sequence[start:end])
    return masked > one.length // 2
