"""Turns what the model wrote for a region into a gene model, or into rejects with a reason.

A fault of the whole sentence (``out_of_memory``, ``truncated``, ``unparsable``, ``no_cds`` where it
defines no CDS1, and in its feature list ``unknown_feature`` and ``duplicate_feature``) rejects the
gene. Any other fault rejects only the transcripts that have it; a feature that no transcript names
does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from transgenic_dagster.gene_models.gene_model import (
    CdsPart,
    GeneModel,
    Interval,
    Transcript,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.gsf.parser import Feature, GeneSentence, GsfError, parse_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason

FIRST_CDS = f"{CDS}1"
CODON_LENGTH = 3


@dataclass(frozen=True, slots=True)
class ReadTranscript:
    """A transcript of a sentence that passed all checks, placed on the sequence.

    Args:
        number: 1-based position in the sentence.
        structure: where its parts lie.
        phase_adjusted: a phase that the model wrote differs from the one that follows from the
            phase of the first CDS part.
        coding: the CDS features as written, in the order of the structure's parts.
    """

    number: int
    structure: TranscriptStructure
    phase_adjusted: bool
    coding: tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """Content of a sentence.

    Args:
        transcripts: the good ones, identical ones once.
        rejects: one for the whole sentence, or one for each bad transcript; empty only where there
            are transcripts.
        parsed: the sentence by its grammar, None where it has no form.
    """

    transcripts: tuple[ReadTranscript, ...]
    rejects: list[Reject]
    parsed: GeneSentence | None = None


def read_sentence(sentence: PredictedSentence, region: Region) -> ReadSentence:
    """Read the transcripts that a sentence describes; no DNA is needed for it.

    Args:
        sentence: what the model wrote for the region.
        region: the region; its window holds every coordinate of the transcripts.
    """
    try:
        parsed = _parse_finished(sentence, region)
    except GsfError as fault:
        reject = Reject.from_sentence(region, sentence, fault.reason, fault.detail)
        return ReadSentence((), [reject])

    transcripts: list[ReadTranscript] = []
    rejects: list[Reject] = []
    for number in range(1, len(parsed.transcripts) + 1):
        try:
            features = parsed.transcript_features(number)
            _check_features(number, features, region.window_length)
            if transcripts and features[0].strand != transcripts[0].structure.strand:
                raise GsfError(
                    RejectReason.MIXED_STRAND,
                    f"transcript {number} lies on the other strand than "
                    f"transcript {transcripts[0].number}",
                )
        except GsfError as fault:
            rejects.append(
                Reject.from_sentence(region, sentence, fault.reason, fault.detail, number)
            )
            continue
        transcript = _place(number, features, region.window_start)
        if all(transcript.structure != accepted.structure for accepted in transcripts):
            transcripts.append(transcript)
    return ReadSentence(tuple(transcripts), rejects, parsed)


def gene_from_sentence(
    sentence: PredictedSentence, region: Region, window_sequence: str
) -> tuple[GeneModel | None, list[Reject]]:
    """Build the gene model of one region from its sentence.

    Args:
        sentence: what the model wrote for the region.
        region: the region; its window holds every coordinate of the gene model.
        window_sequence: forward strand of the window, upper-case ACGTN.

    Returns:
        The gene with its good transcripts, or None where none is good; and the rejects (see
        ``ReadSentence``). At least one of the two is there.
    """
    read = read_sentence(sentence, region)
    if not read.transcripts:
        return None, read.rejects
    transcripts = tuple(
        Transcript(
            one.number,
            one.structure,
            one.phase_adjusted,
            assess(one.structure, window_sequence, region.window_start),
        )
        for one in read.transcripts
    )
    gene = GeneModel(
        gm_id=region.gene_id,
        seqid=region.seqid,
        strand=transcripts[0].structure.strand,
        confidence=sentence.confidence,
        transcripts=transcripts,
    )
    return gene, read.rejects


def _parse_finished(sentence: PredictedSentence, region: Region) -> GeneSentence:
    """Parse a sentence that the model finished; raise ``GsfError`` for any other."""
    if sentence.failure:
        raise GsfError(
            sentence.failure, f"the window of {region.window_length} nt could not be decoded"
        )
    if not sentence.finished:
        raise GsfError(RejectReason.TRUNCATED, "the sentence reached --max_length before its end")
    parsed = parse_sentence(sentence.clean)
    if FIRST_CDS not in parsed.features:
        # The model numbers CDS parts from 1: without the first, the gene would lack its start.
        raise GsfError(RejectReason.NO_CDS, f"the sentence defines no {FIRST_CDS}")
    return parsed


def _check_features(number: int, features: Sequence[Feature], window_length: int) -> None:
    """Raise ``GsfError`` where the features of one transcript make no possible transcript."""
    for feature in features:
        where = f"{feature.name} of transcript {number}"
        if feature.end <= feature.start:
            raise GsfError(
                RejectReason.BAD_INTERVAL,
                f"{where} ends at {feature.end}, not after {feature.start}",
            )
        if feature.end > window_length:
            raise GsfError(
                RejectReason.OUT_OF_WINDOW,
                f"{where} ends at {feature.end}, beyond the window of {window_length} nt",
            )
    if len({feature.strand for feature in features}) > 1:
        raise GsfError(
            RejectReason.MIXED_STRAND, f"transcript {number} has features on both strands"
        )
    by_position = sorted(features, key=lambda feature: (feature.start, feature.end))
    for left, right in pairwise(by_position):
        if right.start < left.end:
            raise GsfError(
                RejectReason.OVERLAPPING_FEATURES,
                f"{left.name} and {right.name} of transcript {number} overlap",
            )
    if all(feature.kind != CDS for feature in features):
        raise GsfError(RejectReason.NO_CDS, f"transcript {number} has no CDS")
    _check_codons(number, by_position)
    _check_utrs(number, by_position)


def _check_codons(number: int, by_position: Sequence[Feature]) -> None:
    coding = [feature for feature in by_position if feature.kind == CDS]
    length = sum(feature.end - feature.start for feature in coding)
    phase = (coding[0] if coding[0].strand == "+" else coding[-1]).phase or 0
    if length - phase < CODON_LENGTH:
        raise GsfError(
            RejectReason.NO_CODON,
            f"the CDS of transcript {number} has {length} nt and the phase {phase}, which leaves "
            "no whole codon",
        )


def _check_utrs(number: int, by_position: Sequence[Feature]) -> None:
    """Check that 5' UTRs are upstream of the whole CDS, and 3' UTRs downstream of it."""
    coding = [feature for feature in by_position if feature.kind == CDS]
    start, end = coding[0].start, coding[-1].end
    for utr in by_position:
        if utr.kind == CDS:
            continue
        before_cds = (utr.kind == FIVE_PRIME_UTR) == (utr.strand == "+")
        if utr.end > start if before_cds else utr.start < end:
            side = "upstream" if utr.kind == FIVE_PRIME_UTR else "downstream"
            raise GsfError(
                RejectReason.MISPLACED_UTR,
                f"{utr.name} of transcript {number} is not {side} of the whole CDS",
            )


def _place(number: int, features: Sequence[Feature], window_start: int) -> ReadTranscript:
    """Place the checked features of a transcript on the sequence."""
    strand = features[0].strand
    by_position = sorted(features, key=lambda feature: feature.start)
    coding = tuple(feature for feature in by_position if feature.kind == CDS)
    phases = _consistent_phases(coding, strand)

    def located(kind: str) -> tuple[Interval, ...]:
        return tuple(
            Interval(window_start + feature.start, window_start + feature.end)
            for feature in by_position
            if feature.kind == kind
        )

    structure = TranscriptStructure(
        strand=strand,
        cds=tuple(
            CdsPart(part.start, part.end, phase)
            for part, phase in zip(located(CDS), phases, strict=True)
        ),
        five_prime_utrs=located(FIVE_PRIME_UTR),
        three_prime_utrs=located(THREE_PRIME_UTR),
    )
    phase_adjusted = phases != [feature.phase for feature in coding]
    return ReadTranscript(number, structure, phase_adjusted, coding)


def _consistent_phases(coding: Sequence[Feature], strand: str) -> list[int]:
    """Return the phases that follow from that of the part translated first.

    Args:
        coding: CDS features in ascending order.
        strand: ``+`` or ``-``.

    Returns:
        One phase for each feature, in the same order.
    """
    in_translation_order = coding if strand == "+" else coding[::-1]
    phase = in_translation_order[0].phase
    assert phase is not None, "the parser gives every CDS a phase"
    phases = []
    for feature in in_translation_order:
        phases.append(phase)
        phase = (phase - (feature.end - feature.start)) % 3
    return phases if strand == "+" else phases[::-1]
