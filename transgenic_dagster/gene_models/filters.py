"""Filters that the user asks for: genes and transcripts that are sound but not wanted.

They come last, after genes were compared with one another, so that the annotation with filters is a
part of the one without. What they leave out is told like any other reject.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from transgenic_dagster.gene_models.gene_model import GeneModel, Orf, Transcript
from transgenic_dagster.reject_reason import RejectReason


class LeftOut(NamedTuple):
    """A transcript, or with None all of them, that a filter leaves out."""

    transcript: int | None
    reason: RejectReason
    detail: str


@dataclass(frozen=True)
class Filters:
    """What genes and transcripts have to be.

    Args:
        min_confidence: least confidence of a gene, 0 to 1.
        complete_only: transcripts need a complete reading frame.
        longest_isoform: of each gene only the transcript with the longest CDS, of several the one
            with the longest exons, of several of these the first.
    """

    min_confidence: float = 0.0
    complete_only: bool = False
    longest_isoform: bool = False

    def apply(self, gene: GeneModel) -> tuple[GeneModel | None, list[LeftOut]]:
        """Return what is left of a gene, None where nothing is, and what is left out."""
        if gene.confidence < self.min_confidence:
            detail = f"the confidence {gene.confidence:.4f} is below {self.min_confidence:g}"
            return None, [LeftOut(None, RejectReason.LOW_CONFIDENCE, detail)]
        left_out = list(self._incomplete(gene))
        dropped = {one.transcript for one in left_out}
        kept = [one for one in gene.transcripts if one.number not in dropped]
        if self.longest_isoform and kept:
            longest = max(kept, key=lambda one: (len(one.quality.cds), len(one.quality.cdna)))
            left_out += [
                LeftOut(
                    one.number,
                    RejectReason.SHORTER_ISOFORM,
                    f"transcript {longest.number} is kept, whose CDS has "
                    f"{len(longest.quality.cds)} nt, and not {len(one.quality.cds)}",
                )
                for one in kept
                if one is not longest
            ]
            kept = [longest]
        return (replace(gene, transcripts=tuple(kept)) if kept else None), left_out

    def _incomplete(self, gene: GeneModel) -> Iterator[LeftOut]:
        if self.complete_only:
            for one in gene.transcripts:
                if not is_complete(one):
                    detail = f"transcript {one.number} has no complete reading frame"
                    yield LeftOut(one.number, RejectReason.INCOMPLETE_FRAME, detail)


def is_complete(transcript: Transcript) -> bool:
    """Return whether a transcript reads from a start codon to a stop codon, with none between."""
    if transcript.refinement:
        return transcript.refinement.orf is Orf.COMPLETE
    quality = transcript.quality
    return quality.start_codon and quality.stop_codon and not quality.inframe_stops
