"""Turns the transcripts of an annotation into the sentence that tells them: the way back.

``from_sentence`` is the other direction; ``gsf.from_parts`` owns the order of the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gsf.features import STRANDS
from transgenic_dagster.gsf.from_parts import Part, sentence_of_parts
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
    told: list[tuple[str, list[Part]]] = []
    left_out: list[LeftOut] = []
    for transcript in transcripts:
        try:
            told.append((transcript.transcript_id, _in_window(transcript, region)))
        except GsfError as fault:
            left_out.append(LeftOut(transcript.transcript_id, fault.reason, fault.detail))
    if not told:
        if not transcripts:
            left_out.append(
                LeftOut("", RejectReason.NO_CDS, "the annotation has no CDS of the gene")
            )
        return ToldGene(None, (), tuple(left_out))
    try:
        sentence = sentence_of_parts([parts for _, parts in told])
    except GsfError as fault:
        left_out.append(LeftOut("", fault.reason, fault.detail))
        return ToldGene(None, (), tuple(left_out))
    return ToldGene(sentence, tuple(name for name, _ in told), tuple(left_out))


def _in_window(transcript: InputTranscript, region: Region) -> list[Part]:
    """Parts relative to the window; raise ``GsfError`` where that is not possible."""
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
    return [
        part._replace(start=part.start - region.window_start, end=part.end - region.window_start)
        for part in transcript.parts
    ]
