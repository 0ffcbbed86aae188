"""Gene models in genome coordinates, 0-based half-open, as they go to GFF3 and proteins."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple

SHORTEST_SPLICED: Final = 10
"""Length (nt) below which NCBI does not take a gap between exons for an intron."""


class Interval(NamedTuple):
    """A stretch of a sequence, 0-based half-open."""

    start: int
    end: int


class CdsPart(NamedTuple):
    """One coding stretch of a transcript, 0-based half-open.

    ``phase`` counts the bases to skip at its 5' end to reach the next whole codon, 0 to 2.
    """

    start: int
    end: int
    phase: int


@dataclass(frozen=True)
class TranscriptStructure:
    """Places of the parts of a transcript; equal structures are the same isoform.

    Args:
        strand: ``+`` or ``-``.
        cds: coding parts, at least one, in ascending order whatever the strand.
        five_prime_utrs: untranslated parts labelled 5', ascending; no part overlaps another.
        three_prime_utrs: untranslated parts labelled 3', ascending.
    """

    strand: str
    cds: tuple[CdsPart, ...]
    five_prime_utrs: tuple[Interval, ...] = ()
    three_prime_utrs: tuple[Interval, ...] = ()

    @cached_property
    def exons(self) -> tuple[Interval, ...]:
        """Unions of touching UTR and CDS parts, ascending."""
        coding = [Interval(part.start, part.end) for part in self.cds]
        exons: list[Interval] = []
        for part in sorted([*coding, *self.five_prime_utrs, *self.three_prime_utrs]):
            if exons and part.start <= exons[-1].end:
                exons[-1] = Interval(exons[-1].start, max(exons[-1].end, part.end))
            else:
                exons.append(part)
        return tuple(exons)

    @property
    def first_cds(self) -> CdsPart:
        """The part that is translated first: the leftmost on ``+``, the rightmost on ``-``."""
        return self.cds[0] if self.strand == "+" else self.cds[-1]

    @property
    def introns(self) -> tuple[Interval, ...]:
        """Gaps between exons, ascending."""
        return tuple(Interval(left.end, right.start) for left, right in pairwise(self.exons))

    @property
    def short_introns(self) -> int:
        """Number of introns too short to be spliced.

        Real genes may have such gaps, where the annotation bridges a frameshift.
        """
        return sum(intron.end - intron.start < SHORTEST_SPLICED for intron in self.introns)

    @property
    def start(self) -> int:
        """Leftmost base of the transcript."""
        return self.exons[0].start

    @property
    def end(self) -> int:
        """Exclusive right end of the transcript."""
        return self.exons[-1].end


@dataclass(frozen=True, slots=True)
class TranscriptQuality:
    """Quality of a transcript by the genome sequence.

    Args:
        start_codon: the coding sequence begins with ATG, in phase 0.
        stop_codon: the coding sequence ends with a whole TAA, TAG or TGA codon, in frame.
        inframe_stops: stop codons in frame other than that last one.
        canonical_introns: introns with GT-AG, GC-AG or AT-AC ends.
        introns: introns in all.
        protein: the translation, without the final stop; ``*`` for inner stops, ``X`` for N.
        cds: the coding parts joined, read along the strand, the stop codon included.
        cdna: the exons joined, likewise.
    """

    start_codon: bool
    stop_codon: bool
    inframe_stops: int
    canonical_introns: int
    introns: int
    protein: str
    cds: str
    cdna: str


class Orf(StrEnum):
    """Completeness of a transcript's open reading frame."""

    COMPLETE = "complete"
    PARTIAL5 = "partial5"
    PARTIAL3 = "partial3"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Move:
    """A boundary that refinement moved; ``str`` gives ``stop:+11`` or ``exon3:left_out``.

    Args:
        boundary: ``start``, ``stop``, ``donor2``, ``acceptor3`` …, numbered in translation order
            by the exons' written numbers (``donor2`` ends exon 2, ``acceptor3`` begins exon 3);
            ``five_prime_donor1``, ``three_prime_acceptor1`` … of introns between untranslated
            parts, numbered by intron; or ``exon3`` for an exon that is left out.
        old: where it was, a boundary on the genome (0-based; the part's start or exclusive end).
        new: where it is, likewise; the same for an exon that is left out.
        offset: the move in nt, positive downstream along the strand of the transcript.
        cost: cost in nats.
    """

    boundary: str
    old: int
    new: int
    offset: int
    cost: float

    def __str__(self) -> str:
        return f"{self.boundary}:{self.offset:+d}" if self.offset else f"{self.boundary}:left_out"


@dataclass(frozen=True, slots=True)
class Refinement:
    """Outcome of fitting a transcript to the DNA.

    Args:
        orf: how much of a reading frame the refined transcript has.
        moves: what was moved, in order of transcription; empty when nothing was.
        cost: cost of the moves and of the rare introns that they make (nats), 0.0 when nothing
            moved.
    """

    orf: Orf
    moves: tuple[Move, ...] = ()
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """One accepted isoform.

    Args:
        number: 1-based position in the gene sentence, which rejects of the same gene use too.
        structure: where its parts lie.
        phase_adjusted: a phase that the model wrote differs from the one that follows from the
            phase of the first CDS part.
        quality: what the sequence says about it.
        refinement: how it was fitted to the DNA, None where it stands as predicted.
        probability: share of the probability of all hypotheses that the search closed that those
            with this structure have, 0 to 1; None where it is not known.
        cds_probabilities: for each CDS part, the probability that the model gave to its two ends;
            none where that is not known.
        written: where the model wrote its parts, None where ``structure`` says it.
    """

    number: int
    structure: TranscriptStructure
    phase_adjusted: bool
    quality: TranscriptQuality
    refinement: Refinement | None = None
    probability: float | None = None
    cds_probabilities: tuple[float, ...] = ()
    written: TranscriptStructure | None = None

    @property
    def partial_edge(self) -> Literal["start", "end"] | None:
        """End of its CDS, on the forward strand, that is not that of the reading frame."""
        if self.refinement is None or self.refinement.orf in {Orf.COMPLETE, Orf.BROKEN}:
            return None
        is_leftmost = (self.refinement.orf is Orf.PARTIAL5) == (self.structure.strand == "+")
        return "start" if is_leftmost else "end"


@dataclass(frozen=True, slots=True)
class GeneModel:
    """One predicted gene, all of whose transcripts lie on one strand.

    Args:
        gm_id: identifier of the input gene that the window was built around, decoded.
        seqid: name of the sequence.
        strand: ``+`` or ``-``, as predicted.
        confidence: mean token probability of its sentence, 0 to 1.
        transcripts: at least one, in the order of the sentence.
        locus: name of the gene where it has one of its own, else empty.
        inherited: attributes of the input gene that it takes over, names with values as GFF3
            writes them.
    """

    gm_id: str
    seqid: str
    strand: str
    confidence: float
    transcripts: tuple[Transcript, ...]
    locus: str = ""
    inherited: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What identifiers are made from: the locus, else the input gene."""
        return self.locus or self.gm_id

    @property
    def start(self) -> int:
        """Leftmost base of all transcripts."""
        return min(transcript.structure.start for transcript in self.transcripts)

    @property
    def end(self) -> int:
        """Exclusive right end of all transcripts."""
        return max(transcript.structure.end for transcript in self.transcripts)
