"""Windows: the stretch of sequence around a gene that the model reads.

The model was trained on windows whose length is a multiple of ``STATIC_SIZE``, with the gene in
the middle where the sequence leaves room for that.
"""

from typing import Literal

STATIC_SIZE = 6144
"""Windows come in multiples of this length (nt)."""

MAX_WINDOW = 49152
"""The longest window of the published models (nt)."""

MIN_WINDOW = 5
"""The shortest window (nt) of which the convolutions after the encoder leave anything."""

WindowRule = Literal["extended", "published"]


def window_cap(max_encoder_seqlen: int) -> int:
    """Return the longest window (nt) for a model whose encoder reads ``max_encoder_seqlen`` nt."""
    return min(MAX_WINDOW, max_encoder_seqlen)


def plan_window(
    gene_start: int,
    gene_end: int,
    sequence_length: int,
    max_window: int = MAX_WINDOW,
    rule: WindowRule = "extended",
) -> tuple[int, int] | None:
    """Return the window around a gene, or None where it would be longer than ``max_window``.

    Where the window fits inside the sequence, both rules give the same one. Where it is cut off at
    one end of the sequence, ``extended`` adds what is missing at the other end, so that the length
    stays a multiple of ``STATIC_SIZE`` (a sequence shorter than the window is taken whole);
    ``published`` keeps the shorter window that the published TransGenic code makes.

    Args:
        gene_start: start of the gene, 0-based.
        gene_end: end of the gene, exclusive.
        sequence_length: length of the sequence that the gene lies on.
        max_window: longest window that the model can read.
        rule: ``extended`` or ``published``.

    Returns:
        Start and end of the window, 0-based half-open, within the sequence.

    Raises:
        ValueError: the gene is empty or not inside the sequence.
    """
    if not 0 <= gene_start < gene_end <= sequence_length:
        raise ValueError(
            f"invalid gene coordinates {gene_start}..{gene_end} on a sequence of"
            f" {sequence_length} nt"
        )
    if rule == "published":
        start, end = _published_window(gene_start, gene_end)
    else:
        start, end = _extended_window(gene_start, gene_end, sequence_length)
    if end - start > max_window:
        return None
    return start, min(end, sequence_length)


def _padding(gene_length: int) -> int:
    """Return how much sequence is added to a gene: never zero, so 6144 becomes 12288."""
    if gene_length <= STATIC_SIZE:
        return STATIC_SIZE - gene_length % STATIC_SIZE
    return (gene_length // STATIC_SIZE + 1) * STATIC_SIZE - gene_length


def _extended_window(gene_start: int, gene_end: int, sequence_length: int) -> tuple[int, int]:
    padding = _padding(gene_end - gene_start)
    window = gene_end - gene_start + padding
    start = gene_start - (padding + 1) // 2
    start = max(0, min(start, sequence_length - window))
    return start, min(start + window, sequence_length)


def _published_window(gene_start: int, gene_end: int) -> tuple[int, int]:
    """Return the published window, whose end may lie beyond the end of the sequence."""
    padding = _padding(gene_end - gene_start)
    five = min((padding + 1) // 2, gene_start)
    three = padding // 2
    if five + gene_end - gene_start + three <= STATIC_SIZE:
        three = STATIC_SIZE - five - (gene_end - gene_start)
    return gene_start - five, gene_end + three
