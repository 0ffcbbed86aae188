"""The genes of the demo assembly as they truly are, and the sentence that tells each of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from transgenic_dagster.gsf.features import CDS
from transgenic_dagster.gsf.from_parts import Part, sentence_of_parts
from transgenic_dagster.gsf.parser import format_sentence


class Expected(StrEnum):
    """Outcome that the demo run should have for a gene; all but ``ANNOTATED`` are reason codes."""

    ANNOTATED = "annotated"
    NO_CDS = "no_cds"
    MIXED_STRAND = "mixed_strand"
    WINDOW_TOO_LONG = "window_too_long"
    UNKNOWN_SEQUENCE = "unknown_sequence"


@dataclass(frozen=True, slots=True)
class Feature:
    """One CDS or UTR interval (0-based half-open).

    Args:
        kind: ``CDS``, ``five_prime_UTR`` or ``three_prime_UTR``.
        start: first base.
        end: one past the last base.
        strand: ``+`` or ``-``; in gene coordinates ``+`` is the strand of the gene.
        phase: GFF3 phase (bases to skip to the next codon), ``None`` for UTRs.
    """

    kind: str
    start: int
    end: int
    strand: str = "+"
    phase: int | None = None

    @property
    def length(self) -> int:
        """Length in nucleotides."""
        return self.end - self.start


Transcript = tuple[Feature, ...]
"""The features of one transcript, in the order in which they are transcribed."""


@dataclass(frozen=True, slots=True)
class TrueGene:
    """One gene of the demo with all its transcripts (0-based half-open on ``seqid``)."""

    gene_id: str
    seqid: str
    start: int
    end: int
    strand: str
    transcripts: tuple[Transcript, ...]
    expected: Expected = Expected.ANNOTATED

    @property
    def predictable(self) -> bool:
        """True if the bundled model should reproduce this gene exactly."""
        return self.expected is Expected.ANNOTATED

    @property
    def has_region(self) -> bool:
        """True if the gene gets a window, and with it a sentence of the model."""
        return self.expected not in (Expected.WINDOW_TOO_LONG, Expected.UNKNOWN_SEQUENCE)


def with_phases(features: Iterable[Feature]) -> Transcript:
    """Give each CDS of a transcript (in order of transcription) its GFF3 phase."""
    coded = 0
    phased = []
    for feature in features:
        if feature.kind == CDS:
            phased.append(replace(feature, phase=-coded % 3))
            coded += feature.length
        else:
            phased.append(feature)
    return tuple(phased)


def place(transcript: Transcript, offset: int, gene_length: int, strand: str) -> Transcript:
    """Move a transcript from gene coordinates (5' end at 0) to a sequence.

    Args:
        transcript: features in gene coordinates.
        offset: where the gene's leftmost base lies on the sequence.
        gene_length: length of the gene in nt.
        strand: ``-`` flips coordinates and strands.
    """
    placed = []
    for feature in transcript:
        start, end, side = feature.start, feature.end, feature.strand
        if strand == "-":
            start, end = gene_length - end, gene_length - start
            side = "+" if side == "-" else "-"
        placed.append(replace(feature, start=offset + start, end=offset + end, strand=side))
    return tuple(placed)


def gene_sentence(gene: TrueGene, window_start: int) -> str:
    """Write a gene as the sentence that the model learns (GSF, without ``<s>`` and ``</s>``).

    Args:
        gene: the gene.
        window_start: 0-based start of the window that the model reads.
    """
    transcripts = [
        [
            Part(
                kind=feature.kind,
                start=feature.start - window_start,
                end=feature.end - window_start,
                strand=feature.strand,
                phase=feature.phase,
            )
            for feature in transcript
        ]
        for transcript in gene.transcripts
    ]
    return format_sentence(sentence_of_parts(transcripts))
