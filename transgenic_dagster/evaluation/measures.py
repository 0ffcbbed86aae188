"""Results of an evaluation, as plain data.

Sensitivity is the share of the reference that was predicted, precision the share of the prediction
that is in the reference; both, and their harmonic mean F1, are percentages, ``None`` where there is
nothing to divide by.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CLASS_CODES: Final[Mapping[str, str]] = {
    "=": "same intron chain, or single exons that agree in 80% of their length",
    "c": "contained in a reference transcript, introns compatible",
    "k": "contains a reference transcript, introns compatible",
    "m": "all introns of the reference match or are retained",
    "n": "at least one intron of the reference is retained",
    "j": "at least one splice site of the reference matches",
    "e": "single exon that reaches into an intron of the reference",
    "o": "other overlap of exons on the same strand",
    "s": "intron matches a reference intron on the opposite strand",
    "x": "overlap with a reference transcript on the opposite strand",
    "i": "within an intron of the reference",
    "y": "a reference transcript lies within an intron",
    "p": "single exon within 2,000 nt behind a reference gene",
    "r": "more than half is soft-masked",
    "u": "none of these: unknown in the reference",
}
"""Class codes of gffcompare, best first, each with its meaning for a predicted transcript."""


def percentage(part: int, whole: int) -> float | None:
    """Return a share in percent, ``None`` of nothing."""
    return 100.0 * part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Level:
    """Agreement in one kind of feature.

    Args:
        name: the kind, for example ``exon``.
        reference_matched: features of the reference that the prediction has.
        reference_total: features of the reference.
        predicted_matched: predicted features that the reference has.
        predicted_total: predicted features.
    """

    name: str
    reference_matched: int
    reference_total: int
    predicted_matched: int
    predicted_total: int

    @property
    def sensitivity(self) -> float | None:
        """Percentage of the reference that was predicted."""
        return percentage(self.reference_matched, self.reference_total)

    @property
    def precision(self) -> float | None:
        """Percentage of the prediction that is in the reference."""
        return percentage(self.predicted_matched, self.predicted_total)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of sensitivity and precision, in percent."""
        sensitivity, precision = self.sensitivity, self.precision
        if sensitivity is None or precision is None:
            return None
        both = sensitivity + precision
        return 2 * sensitivity * precision / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Features of one kind that overlap none of the other annotation.

    Args:
        name: the kind, for example ``exon``.
        missed: features of the reference that overlap no predicted one.
        reference_total: features of the reference.
        novel: predicted features that overlap none of the reference.
        predicted_total: predicted features.
    """

    name: str
    missed: int
    reference_total: int
    novel: int
    predicted_total: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What one annotation has.

    Args:
        transcripts: transcripts that were compared.
        multi_exon: those with an intron.
        loci: groups of transcripts whose exons overlap on one strand.
        multi_transcript_loci: loci with several transcripts, one of them with an intron.
        duplicates: transcripts left out because they repeat another one.
    """

    transcripts: int
    multi_exon: int
    loci: int
    multi_transcript_loci: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class StructureMeasures:
    """gffcompare's measures of exons, or of CDS.

    Args:
        predicted: contents of the prediction.
        reference: contents of the reference.
        levels: base, exon, intron, intron chain, transcript, locus.
        unmatched: exons, introns, loci.
    """

    predicted: Contents
    reference: Contents
    levels: tuple[Level, ...]
    unmatched: tuple[Unmatched, ...]

    def level(self, name: str) -> Level:
        """Return the level of that name."""
        return next(level for level in self.levels if level.name == name)


@dataclass(frozen=True, slots=True)
class PhaseAgreement:
    """Phases of CDS parts that both annotations have with the same coordinates.

    Args:
        shared: CDS parts (sequence, strand, start, end) that both have.
        agreeing: those with the same phase.
    """

    shared: int
    agreeing: int


@dataclass(frozen=True, slots=True)
class Isoforms:
    """Transcripts per gene of one annotation; genes by their identifiers, not by overlap.

    Args:
        genes: genes with at least one transcript.
        transcripts: their transcripts.
        multi_isoform: genes with more than one.
    """

    genes: int
    transcripts: int
    multi_isoform: int

    @property
    def per_gene(self) -> float | None:
        """Mean number of transcripts per gene."""
        return self.transcripts / self.genes if self.genes else None


@dataclass(frozen=True, slots=True)
class SequenceQuality:
    """What the genome says of one annotation.

    Args:
        coding: transcripts with CDS whose sequence the genome has.
        complete: those that read from ATG to a stop codon without another in frame.
        introns: distinct introns of all transcripts.
        canonical: those with the ends GT-AG, GC-AG or AT-AC.
    """

    coding: int
    complete: int
    introns: int
    canonical: int


@dataclass(frozen=True, slots=True)
class ClassifiedTranscript:
    """A predicted transcript and its class code.

    Args:
        seqid: its sequence.
        start: 0-based.
        end: exclusive.
        strand: ``+``, ``-`` or ``.``.
        gene_id: its gene.
        transcript_id: its identifier.
        exons: number of exons.
        length: nucleotides of its exons.
        code: class code (see ``CLASS_CODES``).
        reference_gene: gene of the reference transcript that the code refers to, empty for none.
        reference_transcript: that transcript, empty for none.
    """

    seqid: str
    start: int
    end: int
    strand: str
    gene_id: str
    transcript_id: str
    exons: int
    length: int
    code: str
    reference_gene: str
    reference_transcript: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Comparison of a predicted annotation with a reference.

    Args:
        predicted: name of the predicted file.
        reference: name of the reference file.
        exons: gffcompare's measures on exons.
        cds: the same on CDS alone.
        coding: CDS-exact transcripts, genes with a CDS-exact isoform, genes with all.
        phases: agreement of phases.
        predicted_isoforms: isoforms per predicted gene.
        reference_isoforms: isoforms per reference gene.
        splicing_events: by kind, see ``splicing_events.EventKind``.
        class_codes: predicted transcripts by class code, in the order of ``CLASS_CODES``.
        predicted_sequence: what the genome says of the prediction, if it was given.
        reference_sequence: what the genome says of the reference, if it was given.
        transcripts: every predicted transcript, by sequence and position; not in the JSON.
    """

    predicted: str
    reference: str
    exons: StructureMeasures
    cds: StructureMeasures
    coding: tuple[Level, ...]
    phases: PhaseAgreement
    predicted_isoforms: Isoforms
    reference_isoforms: Isoforms
    splicing_events: tuple[Level, ...]
    class_codes: Mapping[str, int]
    predicted_sequence: SequenceQuality | None
    reference_sequence: SequenceQuality | None
    transcripts: tuple[ClassifiedTranscript, ...]

    def to_json(self) -> str:
        """Return all but the transcripts as JSON, each level with its percentages."""
        fields = {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if field.name != "transcripts"
        }
        return json.dumps(fields, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return dict(value) if isinstance(value, Mapping) else value
    fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Level):
        fields |= {
            "sensitivity": value.sensitivity,
            "precision": value.precision,
            "f1": value.f1,
        }
    if isinstance(value, Isoforms):
        fields["per_gene"] = value.per_gene
    return fields
