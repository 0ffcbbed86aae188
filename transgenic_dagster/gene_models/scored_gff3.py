"""The input's own rows with scores in column 6.

A gene and a transcript have the geometric mean of their tokens' probabilities, 0 to 1; a CDS or UTR
row has the probability of its two ends. All else is as in the sorted annotation.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from transgenic_dagster.gene_models.gene_scores import GeneScore
from transgenic_dagster.gene_models.input_transcripts import kind_of_row
from transgenic_dagster.gsf.parser import GeneSentence
from transgenic_dagster.input_genes.gff3 import decode, parse_attributes
from transgenic_dagster.regions.region import Region

_PartKey = tuple[str, str, str, int, int]
"""Sequence, transcript, kind, start and end of a part, 0-based half-open."""


class RowScores:
    """Scores by row of the annotation."""

    def __init__(self) -> None:
        self._genes: dict[int, float] = {}
        self._transcripts: dict[tuple[str, str], float] = {}
        self._parts: dict[_PartKey, float] = {}

    def add(
        self,
        row: int,
        region: Region,
        sentence: GeneSentence,
        score: GeneScore,
        transcript_ids: Iterable[str],
    ) -> None:
        """Take the scores of a gene.

        Args:
            row: of the gene (``Gene.row``).
            region: its window.
            sentence: that tells it.
            score: of it.
            transcript_ids: of the transcripts of the sentence.
        """
        self._genes[row] = 1 / score.whole.perplexity
        ends = zip(score.boundaries[::2], score.boundaries[1::2], strict=True)
        of_feature = dict(zip(sentence.features, ends, strict=True))
        for name, names, one in zip(
            transcript_ids, sentence.transcripts, score.transcripts, strict=True
        ):
            self._transcripts[region.seqid, name] = 1 / one.perplexity
            for feature in names:
                left, right = of_feature[feature]
                key = (region.seqid, name, left.kind, left.position - 1, right.position)
                self._parts[key] = math.exp(left.log_probability + right.log_probability)

    def write(self, sorted_gff: Path) -> Iterator[str]:
        """Yield the lines of the sorted annotation, with scores."""
        number = 0
        with sorted_gff.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                if line.startswith("#"):
                    yield line
                    continue
                columns = line.rstrip("\n").split("\t")
                score = self._of_row(number, columns)
                if score is not None:
                    columns[5] = f"{score:.4f}"
                yield "\t".join(columns) + "\n"
                number += 1

    def _of_row(self, number: int, columns: list[str]) -> float | None:
        if number in self._genes:
            return self._genes[number]
        seqid, attributes = decode(columns[0]), parse_attributes(columns[8])
        kind = kind_of_row(columns[2])
        if kind is None:
            return self._transcripts.get((seqid, attributes.get("ID", "")))
        start, end = int(columns[3]) - 1, int(columns[4])
        scores = (
            self._parts.get((seqid, parent, kind, start, end))
            for parent in attributes.get("Parent", "").split(",")
        )
        return max((score for score in scores if score is not None), default=None)
