"""Hypotheses of a search: sentences that it closed, followed back through the steps it took."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transgenic_dagster.gsf.digit_costs import certain_costs, recorded_costs
from transgenic_dagster.gsf.vocabulary import DIGIT_IDS, EOS_ID


@dataclass(frozen=True)
class Hypothesis:
    """A sentence that the search closed.

    Args:
        token_ids: from the start token on, the EOS included where there is one.
        score: summed log-probability divided by the number of generated tokens.
        confidence: mean probability of the generated tokens.
        finished: False where ``max_length`` cut the sentence off.
        log_probability: sum over the generated tokens.
        digit_costs: for each digit, in the order of writing, what the model gave to all ten (see
            ``gsf.digit_costs``).
    """

    token_ids: tuple[int, ...]
    score: float
    confidence: float
    finished: bool
    log_probability: float
    digit_costs: bytes


class _Closed(NamedTuple):
    """A hypothesis that is closed.

    Args:
        score: length-normalised.
        log_probability: summed.
        token: the last.
        step: that wrote it, from 1.
        beam: that it continued.
    """

    score: float
    log_probability: float
    token: int
    step: int
    beam: int


@dataclass(frozen=True)
class Record:
    """Record of one region's search: T steps with g beams, behind a row for the start.

    Args:
        tokens: that each step wrote in the live beams, (T + 1, g).
        beams: that they continued, (T + 1, g).
        scores: of the live beams after each step, summed log-probabilities, (T + 1, g).
        digits: log-probabilities of the ten digits behind the beams that each step continued,
            (T + 1, g, 10).
        closed_scores: of the best closed hypotheses, length-normalised, ascending and of equals the
            earliest first; -inf where there are fewer than g, (g,).
        closed_places: ``step * g + beam`` at which their end tokens were written, (g,).
    """

    tokens: NDArray[np.int64]
    beams: NDArray[np.int64]
    scores: NDArray[np.float32]
    digits: NDArray[np.float32]
    closed_scores: NDArray[np.float64]
    closed_places: NDArray[np.int64]

    def hypotheses(self, prompt: Sequence[int], *, cut_off: bool) -> tuple[Hypothesis, ...]:
        """The closed hypotheses, best score first.

        Args:
            prompt: what the sentences begin with, as token ids from the start token on.
            cut_off: the live beams are closed, too, since sentences may not be longer.
        """
        last, num_beams = len(self.tokens) - 1, self.tokens.shape[1]
        closed = []
        for score, place in zip(
            self.closed_scores.tolist(), self.closed_places.tolist(), strict=True
        ):
            if score > -math.inf:
                step, beam = divmod(place, num_beams)
                # A 32-bit number comes back exactly from its quotient in 64 bits.
                closed.append(_Closed(score, float(np.float32(score * step)), EOS_ID, step, beam))
        tokens, beams, scores = self.tokens.tolist(), self.beams.tolist(), self.scores.tolist()
        if cut_off:
            for score, token, beam in zip(scores[last], tokens[last], beams[last], strict=True):
                closed.append(_Closed(score / last, score, token, last, beam))
                if len(closed) > num_beams:
                    closed.remove(min(closed, key=lambda one: one.score))
        best_first = sorted(closed, key=lambda one: one.score, reverse=True)
        costs = recorded_costs(self.digits)
        return tuple(self._follow(one, prompt, tokens, beams, scores, costs) for one in best_first)

    @staticmethod
    def _follow(
        closed: _Closed,
        prompt: Sequence[int],
        tokens: list[list[int]],
        beams: list[list[int]],
        scores: list[list[float]],
        costs: NDArray[np.uint8],
    ) -> Hypothesis:
        token, beam, total = closed.token, closed.beam, closed.log_probability
        written: list[tuple[int, float, bytes]] = []  # the last token first
        for step in range(closed.step, 0, -1):
            before = scores[step - 1][beam]
            digit_costs = costs[step, beam].tobytes() if token in DIGIT_IDS else b""
            written.append((token, math.exp(min(total - before, 0.0)), digit_costs))
            token, beam, total = tokens[step - 1][beam], beams[step - 1][beam], before
        ids, probabilities, costs_of = zip(*reversed(written), strict=True)
        given = (certain_costs(t - DIGIT_IDS.start) for t in prompt if t in DIGIT_IDS)
        return Hypothesis(
            token_ids=(*prompt, *ids),
            score=closed.score,
            confidence=math.fsum(probabilities) / len(probabilities),
            finished=closed.token == EOS_ID,
            log_probability=closed.log_probability,
            digit_costs=b"".join((*given, *costs_of)),
        )
