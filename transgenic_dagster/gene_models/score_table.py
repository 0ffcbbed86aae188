"""The table of scores: genes in order of doubt, each with its transcripts and boundaries (TSV).

``rank`` 1 is the gene that the model finds least likely, token by token. Rows of a gene stand
together: the gene, its transcripts, its boundaries in the order of the sentence. Genes without a
score come last, with the reason. Positions are 1-based, probabilities natural logarithms.
"""

from typing import TextIO

from transgenic_dagster.gene_models.gene_scores import BoundaryScore, GeneScore, TokenScore
from transgenic_dagster.gene_models.to_sentence import LeftOut
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.regions.region import Region

COLUMNS = (
    "rank",
    "gene_id",
    "level",
    "name",
    "seqid",
    "start",
    "end",
    "strand",
    "tokens",
    "log_probability",
    "perplexity",
    "weakest_boundary",
    "position",
    "preferred_position",
    "log_odds",
    "reason",
)
NOTHING = "."
"""Cell without a value."""
_BLANKS = str.maketrans("\t\n\r", "   ")


class ScoreTable:
    """Writes the table.

    Args:
        handle: open text file.
    """

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        handle.write("\t".join(COLUMNS) + "\n")

    def write_gene(
        self,
        rank: int,
        region: Region,
        score: GeneScore,
        transcript_ids: tuple[str, ...],
        left_out: tuple[LeftOut, ...],
    ) -> None:
        """Write the rows of a gene that has a score."""
        weakest = score.weakest
        self._row(
            region,
            rank=rank,
            level="gene",
            name=region.gene_id,
            **_of_tokens(score.whole),
            weakest_boundary=str(weakest),
            **_of_boundary(weakest),
        )
        for name, transcript in zip(transcript_ids, score.transcripts, strict=True):
            self._row(region, rank=rank, level="transcript", name=name, **_of_tokens(transcript))
        for one in left_out:
            self._row(
                region, rank=rank, level="transcript", name=one.transcript_id, reason=one.reason
            )
        for boundary in score.boundaries:
            self._row(
                region,
                rank=rank,
                level="boundary",
                name=str(boundary),
                log_probability=f"{boundary.log_probability:.6f}",
                **_of_boundary(boundary),
            )

    def write_unscored(self, region: Region, reason: str) -> None:
        """Write the row of a gene that has no score."""
        self._row(region, level="gene", name=region.gene_id, reason=reason)

    def write_skipped(self, skipped: SkippedInput) -> None:
        """Write the row of a gene that has no window."""
        if skipped.gene_start < 0:
            self._write(gene_id=skipped.gene_id or NOTHING, level="gene", reason=skipped.reason)
        else:
            self._row(skipped, level="gene", name=skipped.gene_id, reason=skipped.reason)

    def _row(self, place: Region | SkippedInput, **values: object) -> None:
        self._write(
            gene_id=place.gene_id,
            seqid=place.seqid,
            start=place.gene_start + 1,
            end=place.gene_end,
            strand=place.strand,
            **values,
        )

    def _write(self, **values: object) -> None:
        cells = (cell(values.get(column, NOTHING)) for column in COLUMNS)
        self._handle.write("\t".join(cells) + "\n")


def cell(value: object) -> str:
    """A value as the cell of a table."""
    return str(value).translate(_BLANKS)


def _of_tokens(score: TokenScore) -> dict[str, object]:
    return {
        "tokens": score.tokens,
        "log_probability": f"{score.log_probability:.6f}",
        "perplexity": f"{score.perplexity:.6f}",
    }


def _of_boundary(boundary: BoundaryScore) -> dict[str, object]:
    preferred = boundary.preferred
    return {
        "position": boundary.position,
        "preferred_position": NOTHING if preferred is None else preferred,
        "log_odds": f"{boundary.log_odds:.6f}",
    }
