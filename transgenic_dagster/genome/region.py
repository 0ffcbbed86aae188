"""Regions: the windows of sequence that the model reads, one per gene of the input."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One gene of the input and the window around it (all coordinates 0-based half-open).

    Args:
        region_id: 0-based position in the sorted gene list; unique and stable for the same inputs.
        gene_id: identifier of the input gene, decoded, unique within the run.
        seqid: name of the sequence in the FASTA.
        gene_start: start of the input gene.
        gene_end: end of the input gene.
        strand: ``+``, ``-``, ``.`` or ``?`` as in the input.
        window_start: start of the window on the sequence.
        window_end: end of the window, never beyond the sequence.
    """

    region_id: int
    gene_id: str
    seqid: str
    gene_start: int
    gene_end: int
    strand: str
    window_start: int
    window_end: int

    @property
    def window_length(self) -> int:
        """Length of the window in nucleotides."""
        return self.window_end - self.window_start


@dataclass(frozen=True, slots=True)
class SkippedInput:
    """A row or gene of the input that never became a region, and why.

    Args:
        reason: a stable code: ``window_too_long``, ``unknown_sequence``, ``outside_sequence``,
            ``bad_row`` or ``duplicate``.
        detail: one sentence for people.
        line: 1-based line of the annotation file, 0 where no single line is to blame.
        gene_id: identifier of the gene, empty where the row has none.
        seqid: sequence name as written, empty where the row has none.
        gene_start: 0-based start, -1 where the row has none.
        gene_end: exclusive end, -1 where the row has none.
        strand: strand as written, ``.`` where the row has none.
        is_gene: whether this is a row (or gene) that would have become a region; False for a broken
            row of another type, which is listed all the same.
    """

    reason: str
    detail: str
    line: int
    gene_id: str = ""
    seqid: str = ""
    gene_start: int = -1
    gene_end: int = -1
    strand: str = "."
    is_gene: bool = True
