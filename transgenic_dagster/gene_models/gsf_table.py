"""The table of raw gene sentences, one row per region (``--gsf_output``)."""

import re
from typing import TextIO

from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region

COLUMNS = ("gene_id", "seqid", "window_start", "window_end", "status", "score", "gsf")
_CONTROL = re.compile(r"[\x00-\x1f\x7f%]")


class GsfTable:
    """Writes tab-separated rows to an open text file, a header first.

    Window coordinates are 0-based half-open. ``status`` is ``annotated`` or ``rejected``; ``gsf``
    is the sentence as the model wrote it (``pred_raw``). Control characters of identifiers, and
    the percent sign, are percent-encoded.
    """

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        handle.write("\t".join(COLUMNS) + "\n")

    def write(self, region: Region, sentence: PredictedSentence, *, annotated: bool) -> None:
        """Write one region's row."""
        row = (
            escape(region.gene_id),
            escape(region.seqid),
            str(region.window_start),
            str(region.window_end),
            "annotated" if annotated else "rejected",
            f"{sentence.score:.4f}",
            sentence.raw,
        )
        self._handle.write("\t".join(row) + "\n")


def escape(name: str) -> str:
    """Percent-encode control characters and the percent sign, so that a name is one TSV value."""
    return _CONTROL.sub(lambda match: f"%{ord(match[0]):02X}", name)
