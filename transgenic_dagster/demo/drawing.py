"""Draws gene models as text, in plain ASCII."""

from transgenic_dagster.demo.true_gene import Transcript, TrueGene
from transgenic_dagster.gsf.features import CDS

DRAWING_WIDTH = 72
CODING, UNTRANSLATED, INTRON = "#", "=", "-"


def draw_gene(gene: TrueGene, transcripts: tuple[Transcript, ...]) -> list[str]:
    """Draw transcripts to scale, from the leftmost base of all to the rightmost.

    Args:
        gene: gives the name, the sequence and the strand.
        transcripts: what to draw, one line each, at least one.

    Returns:
        A heading, one line for each transcript, and a legend.
    """
    start = min(feature.start for transcript in transcripts for feature in transcript)
    end = max(feature.end for transcript in transcripts for feature in transcript)
    noun = "transcript" if len(transcripts) == 1 else "transcripts"
    drawings = [_draw_transcript(transcript, start, end) for transcript in transcripts]
    return [
        f"{gene.gene_id}  {gene.seqid}:{start + 1:,}-{end:,} ({gene.strand})  "
        f"{len(transcripts)} {noun}",
        *(f"  <{drawing}" if gene.strand == "-" else f"  {drawing}>" for drawing in drawings),
        f"  {CODING} coding   {UNTRANSLATED} untranslated   {INTRON} intron   "
        "> or < direction of transcription",
    ]


def _draw_transcript(transcript: Transcript, left: int, right: int) -> str:
    """Draw one transcript on the stretch ``left`` to ``right`` (0-based half-open).

    A feature fills every column that it touches; where two share a column, the coding one shows.
    """
    starts = [feature.start for feature in transcript]
    ends = [feature.end for feature in transcript]
    spans = [
        (min(starts), max(ends), INTRON),
        *((feature.start, feature.end, UNTRANSLATED) for feature in transcript),
        *((feature.start, feature.end, CODING) for feature in transcript if feature.kind == CDS),
    ]
    canvas = [" "] * DRAWING_WIDTH
    for start, end, symbol in spans:
        first = (start - left) * DRAWING_WIDTH // (right - left)
        last = -((left - end) * DRAWING_WIDTH // (right - left))
        canvas[first:last] = symbol * (last - first)
    return "".join(canvas)
