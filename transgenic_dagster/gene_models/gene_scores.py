"""Scores of the input's genes: what the model thinks of a gene, its transcripts and boundaries.

All probabilities are conditional on what stands before in the sentence, as the model reads it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from transgenic_dagster.gsf.parser import Feature, GeneSentence
from transgenic_dagster.gsf.token_scores import PreferredNumber, TokenScores
from transgenic_dagster.gsf.token_spans import token_spans
from transgenic_dagster.regions.region import Region


@dataclass(frozen=True, slots=True)
class TokenScore:
    """Probability of some tokens.

    Args:
        tokens: their number.
        log_probability: their sum, in nats.
    """

    tokens: int
    log_probability: float

    @property
    def perplexity(self) -> float:
        """Inverse of the geometric mean of the tokens' probabilities; 1 where all are certain."""
        return math.exp(-self.log_probability / self.tokens)


@dataclass(frozen=True, slots=True)
class BoundaryScore:
    """Probability of one end of a part.

    Args:
        kind: of the part: ``CDS``, ``five_prime_UTR`` or ``three_prime_UTR``.
        number: of the part among those of its kind, as the sentence numbers them.
        side: ``start`` or ``end``, on the forward strand.
        position: where it is: first or last base of the part, 1-based.
        log_probability: of its digits, in nats.
        preferred: where the model would rather have it, likewise 1-based; the same position where
            it agrees, None where it would have no place inside the window.
        log_odds: log-probability that the model gives to its preferred digits minus that of these;
            0 where it agrees.
    """

    kind: str
    number: int
    side: str
    position: int
    log_probability: float
    preferred: int | None
    log_odds: float

    def __str__(self) -> str:
        return f"{self.kind}{self.number}:{self.side}"


@dataclass(frozen=True, slots=True)
class GeneScore:
    """Scores of a gene.

    Args:
        whole: of its whole sentence, the end token included.
        transcripts: of each transcript that the sentence tells: the tokens of its parts and its
            list of names.
        boundaries: of each coordinate, in the order of the sentence.
    """

    whole: TokenScore
    transcripts: tuple[TokenScore, ...]
    boundaries: tuple[BoundaryScore, ...]

    @property
    def weakest(self) -> BoundaryScore:
        """The boundary that the model finds least likely; the first of equals."""
        return min(self.boundaries, key=lambda boundary: boundary.log_probability)


def score_gene(sentence: GeneSentence, seen: TokenScores, region: Region) -> GeneScore:
    """Score a gene.

    Args:
        sentence: that tells it.
        seen: the sentence as the model sees it.
        region: its window.
    """
    spans = token_spans(sentence)
    given = seen.log_probabilities
    ends = chain.from_iterable(((f, "start"), (f, "end")) for f in sentence.features.values())
    return GeneScore(
        whole=_score(given, range(spans.length)),
        transcripts=tuple(
            _score(given, spans.of_transcript(sentence, number))
            for number in range(1, len(sentence.transcripts) + 1)
        ),
        boundaries=tuple(
            _boundary(feature, side, _score(given, digits).log_probability, preferred, region)
            for (feature, side), digits, preferred in zip(
                ends, spans.coordinates, seen.preferred, strict=True
            )
        ),
    )


def _score(log_probabilities: Sequence[float], tokens: Iterable[int]) -> TokenScore:
    values = [log_probabilities[token] for token in tokens]
    return TokenScore(len(values), math.fsum(values))


def _boundary(
    feature: Feature,
    side: str,
    log_probability: float,
    preferred: PreferredNumber | None,
    region: Region,
) -> BoundaryScore:
    # An exclusive end is the last base, 1-based; a start is one before the first base.
    first = region.window_start + (side == "start")
    position = first + (feature.start if side == "start" else feature.end)
    wanted: int | None = position
    log_odds = 0.0
    if preferred is not None:
        inside = 0 <= preferred.number <= region.window_length
        wanted = first + preferred.number if inside else None
        log_odds = preferred.log_probability - log_probability
    return BoundaryScore(
        kind=feature.kind,
        number=int(feature.name.removeprefix(feature.kind)),
        side=side,
        position=position,
        log_probability=log_probability,
        preferred=wanted,
        log_odds=log_odds,
    )
