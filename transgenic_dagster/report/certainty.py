"""How sure the model is: probabilities of genes, isoforms and coding parts, by how high they are.

A coding part has the probability of its two ends (column 6 of its row). Where refinement moved an
end the model wrote another, so that such parts are counted apart.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows
from transgenic_dagster.report.predictions import LEFT_OUT, named_moves

LIMITS: Final = (1.0, 0.99, 0.9, 0.5, 0.1, 0.0)
"""Limits of the levels of probability; a level has its lower limit, the first its upper one too."""

LEVELS: Final = tuple(pairwise(LIMITS))
_BETWEEN: Final = LIMITS[-2:0:-1]

ONLY, FIRST, INTERNAL, LAST = "only", "first", "internal", "last"
ENDS: Final[Mapping[str, str]] = {
    ONLY: "start and stop codon",
    FIRST: "start codon and splice donor",
    INTERNAL: "splice acceptor and donor",
    LAST: "splice acceptor and stop codon",
}
"""What the ends of a coding part are, by its place in the transcript."""


class CodingPart(NamedTuple):
    """One row of a CDS that has a probability, 0-based half-open.

    Args:
        start: of the part.
        end: exclusive.
        place: in the transcript, a key of ``ENDS``.
        probability: of its two ends, 0 to 1.
        moved: whether refinement moved one of them.
    """

    start: int
    end: int
    place: str
    probability: float
    moved: bool


@dataclass
class Certainty:
    """Probabilities of coding parts, each counted in every transcript that has it.

    Args:
        written: probabilities of the parts that are as the model wrote them, by place.
        moved: parts of which refinement moved an end, by place.
        in_input: parts as written that the gene has in the input too, by level.
        moved_in_input: moved parts that the gene has in the input too.
    """

    written: dict[str, "array[float]"] = field(
        default_factory=lambda: {place: array("d") for place in ENDS}
    )
    moved: Counter[str] = field(default_factory=Counter)
    in_input: Counter[int] = field(default_factory=Counter)
    moved_in_input: int = 0

    def add(
        self, gene: GeneBlock, attributes: Sequence[Mapping[str, str]], source: GeneBlock | None
    ) -> list[CodingPart]:
        """Count the coding parts of a gene; returns them.

        Args:
            gene: the prediction.
            attributes: of its transcripts.
            source: the gene as the input has it.
        """
        parts = parts_of(gene, attributes)
        self.count(parts, known_parts(source) if source else frozenset())
        return parts

    def count(self, parts: Iterable[CodingPart], known: Set[tuple[int, int]] = frozenset()) -> None:
        """Count coding parts.

        Args:
            parts: the parts.
            known: start and end of those that the gene has in the input too.
        """
        for part in parts:
            is_known = (part.start, part.end) in known
            if part.moved:
                self.moved[part.place] += 1
                self.moved_in_input += is_known
            else:
                self.written[part.place].append(part.probability)
                self.in_input[level_of(part.probability)] += is_known

    @property
    def probabilities(self) -> list[float]:
        """Probabilities of all parts that are as the model wrote them."""
        return [value for values in self.written.values() for value in values]


def known_parts(source: GeneBlock) -> Set[tuple[int, int]]:
    """Start and end of all coding parts of a gene."""
    return {(part.start, part.end) for one in source.coding for part in one.cds}


def parts_of(gene: GeneBlock, attributes: Sequence[Mapping[str, str]]) -> list[CodingPart]:
    """Coding parts of a predicted gene that have a probability.

    Args:
        gene: the gene.
        attributes: of its transcripts.
    """
    return [
        part
        for transcript, values in zip(gene.transcripts, attributes, strict=True)
        for part in coding_parts(transcript, gene.strand, values)
    ]


def level_of(probability: float) -> int:
    """Return the number of the level (from 0) of a probability."""
    return len(_BETWEEN) - bisect_right(_BETWEEN, probability)


def coding_parts(
    transcript: TranscriptRows, strand: str, values: Mapping[str, str]
) -> Iterator[CodingPart]:
    """Yield the coding parts of a predicted transcript that have a probability.

    Args:
        transcript: its rows.
        strand: of the gene.
        values: attributes of the mRNA row.
    """
    moves = named_moves(values)
    moved = {name for name, _ in moves}
    left_out = {name for name, offset in moves if offset == LEFT_OUT}
    along_strand = transcript.cds if strand == "+" else transcript.cds[::-1]
    last = len(along_strand) - 1
    number = 0
    for index, part in enumerate(along_strand):
        number += 1
        while f"exon{number}" in left_out:  # boundaries keep the numbers of the written exons
            number += 1
        score = transcript.scores.get(part.start)
        if score is None:
            continue
        opens = "start" if index == 0 else f"acceptor{number}"
        closes = "stop" if index == last else f"donor{number}"
        is_moved = not moved.isdisjoint((opens, closes))
        yield CodingPart(part.start, part.end, _place(index, last), float(score), is_moved)


def _place(index: int, last: int) -> str:
    if last == 0:
        return ONLY
    return FIRST if index == 0 else LAST if index == last else INTERNAL
