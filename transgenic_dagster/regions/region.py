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
