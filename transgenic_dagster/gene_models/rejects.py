"""The reject report: one JSON line for everything that did not become a gene model, and why.

Keys, in this order: ``gm_id, chrom, start, pred_raw, pred_clean, error`` as in the published script
(``start`` is the start of the window), then ``end`` of the window, ``reason``, ``gene_start``,
``gene_end``, ``strand`` of the input gene, and ``transcript``, the 1-based number of the only
transcript that is to blame. Coordinates are 0-based half-open; what is unknown is null.
"""

import json
from dataclasses import asdict, dataclass
from typing import Self, TextIO

from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.regions.region import Region


@dataclass(frozen=True, slots=True)
class Reject:
    """One line of the reject report; the fields are its keys, in order."""

    gm_id: str | None
    chrom: str | None
    start: int | None
    pred_raw: str | None
    pred_clean: str | None
    error: str
    end: int | None
    reason: str
    gene_start: int | None
    gene_end: int | None
    strand: str
    transcript: int | None = None

    @classmethod
    def from_sentence(
        cls,
        region: Region,
        sentence: PredictedSentence,
        reason: str,
        detail: str,
        transcript: int | None = None,
    ) -> Self:
        """Reject what the model wrote for a region, or one transcript of it.

        Args:
            region: the region that the sentence was written for.
            sentence: what the model wrote.
            reason: stable code, such as ``unparsable``.
            detail: one sentence for people.
            transcript: 1-based number of the transcript; None rejects the whole gene.
        """
        return cls(
            gm_id=region.gene_id,
            chrom=region.seqid,
            start=region.window_start,
            pred_raw=sentence.raw,
            pred_clean=sentence.clean,
            error=f"{reason}: {detail}",
            end=region.window_end,
            reason=reason,
            gene_start=region.gene_start,
            gene_end=region.gene_end,
            strand=region.strand,
            transcript=transcript,
        )

    @classmethod
    def from_skipped_input(cls, skipped: SkippedInput) -> Self:
        """Report a gene or row of the input that never became a region."""
        return cls(
            gm_id=skipped.gene_id or None,
            chrom=skipped.seqid or None,
            start=None,
            pred_raw=None,
            pred_clean=None,
            error=f"{skipped.reason}: {skipped.detail}",
            end=None,
            reason=skipped.reason,
            gene_start=skipped.gene_start if skipped.gene_start >= 0 else None,
            gene_end=skipped.gene_end if skipped.gene_end >= 0 else None,
            strand=skipped.strand,
        )


def write_reject(handle: TextIO, reject: Reject) -> None:
    """Write one line of JSON; letters outside ASCII stay readable, lone surrogates are escaped."""
    line = json.dumps(asdict(reject), ensure_ascii=False)
    handle.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
