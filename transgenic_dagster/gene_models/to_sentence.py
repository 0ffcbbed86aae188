"""Turns the transcripts of an annotation into the sentence that tells them: the way back.

``from_sentence`` is the other direction; ``gsf.from_parts`` owns the order of the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gsf.features import STRANDS
from transgenic_dagster.gsf.from_parts import (
    Part,
    sentence_of_named_parts,
    sentence_of_parts,
)
from transgenic_dagster.gsf.parser import GeneSentence, GsfError
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A transcript, or a whole gene, that a sentence cannot tell.

    Args:
        transcript_id: of the transcript, empty for the gene.
        reason: the code of a ``RejectReason``.
        detail: one phrase for people.
    """

    transcript_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class ToldGene:
    """A gene as a sentence.

    Args:
        sentence: it, None where no transcript can be told.
        transcript_ids: of its transcripts, in order.
        left_out: the others.
    """

    sentence: GeneSentence | None
    transcript_ids: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def tell_gene(transcripts: Sequence[InputTranscript], region: Region) -> ToldGene:
    """Write a gene of the annotation as a sentence.

    Args:
        transcripts: its transcripts, in the order of the user's file.
        region: its window.
    """
    told: list[InputTranscript] = []
    left_out: list[LeftOut] = []
    for transcript in transcripts:
        try:
            told.append(_in_window(transcript, region))
        except GsfError as fault:
            left_out.append(LeftOut(transcript.transcript_id, fault.reason, fault.detail))
    if not told:
        if not transcripts:
            left_out.append(
                LeftOut("", RejectReason.NO_CDS, "the annotation has no CDS of the gene")
            )
        return ToldGene(None, (), tuple(left_out))
    try:
        sentence = _sentence(told)
    except GsfError as fault:
        left_out.append(LeftOut("", fault.reason, fault.detail))
        return ToldGene(None, (), tuple(left_out))
    return ToldGene(sentence, tuple(one.transcript_id for one in told), tuple(left_out))


def _sentence(told: Sequence[InputTranscript]) -> GeneSentence:
    """Write transcripts as the model did, where the annotation keeps that; else as in training."""
    written = None
    if all(transcript.written for transcript in told):
        written = sentence_of_named_parts([transcript.written for transcript in told])
    return written or sentence_of_parts([transcript.parts for transcript in told])


def _in_window(transcript: InputTranscript, region: Region) -> InputTranscript:
    """The transcript relative to the window; raise ``GsfError`` where that is not possible."""
    if not transcript.parts:
        raise GsfError(RejectReason.NO_CDS, f"{transcript.transcript_id} has no CDS")
    for part in transcript.parts:
        where = f"{part.kind} {part.start + 1}-{part.end} of {transcript.transcript_id}"
        if part.start < region.window_start or part.end > region.window_end:
            raise GsfError(
                RejectReason.OUT_OF_WINDOW,
                f"{where} lies outside the window {region.window_start + 1}-{region.window_end}",
            )
        if part.strand not in STRANDS:
            raise GsfError(RejectReason.MIXED_STRAND, f"{where} lies on no strand")

    def moved(part: Part) -> Part:
        start, end = part.start - region.window_start, part.end - region.window_start
        return part._replace(start=start, end=end)

    return replace(
        transcript,
        parts=tuple(map(moved, transcript.parts)),
        written={name: moved(part) for name, part in transcript.written.items()},
    )
