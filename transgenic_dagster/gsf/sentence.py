"""Model output of one region: the sentence that won the search and those that it closed beside."""

from dataclasses import dataclass

from transgenic_dagster.gsf.token_scores import TokenScores
from transgenic_dagster.reject_reason import RejectReason


@dataclass(frozen=True, slots=True)
class SentenceHypothesis:
    """One sentence that the search closed for a region.

    Args:
        raw: the text of the token ids, start and end tokens included (``pred_raw``).
        clean: the same text without start and end tokens (``pred_clean``).
        score: the hypothesis score of the beam search, a mean log-probability.
        confidence: mean token probability, 0 to 1.
        finished: False where the model reached ``--max_length`` without an end token.
        log_probability: sum over the generated tokens, the end token included.
        digit_costs: ten bytes for each digit, in the order of writing: what the model gave to
            the digits 0 to 9 at that step (see ``gsf.digit_costs``).
    """

    raw: str
    clean: str
    score: float
    confidence: float
    finished: bool
    log_probability: float
    digit_costs: bytes


@dataclass(frozen=True, slots=True)
class PredictedSentence:
    """The gene sentence that the model wrote for one region.

    Args:
        region_id: the region that the sentence describes.
        raw: see ``SentenceHypothesis``, as the next four.
        clean: text without start and end tokens.
        score: mean log-probability.
        confidence: mean token probability, 0 to 1.
        finished: False where the model reached ``--max_length`` without an end token.
        failure: a reject reason where the region could not be decoded at all, such as
            ``out_of_memory``; empty otherwise.
        log_probability: see ``SentenceHypothesis``.
        digit_costs: see ``SentenceHypothesis``.
        alternatives: the other hypotheses that the search closed, best score first.
        tokens: scores of each token, where the sentence was given to the model and not written.
    """

    region_id: int
    raw: str
    clean: str
    score: float
    confidence: float
    finished: bool
    failure: str = ""
    log_probability: float = 0.0
    digit_costs: bytes = b""
    alternatives: tuple[SentenceHypothesis, ...] = ()
    tokens: TokenScores | None = None

    @property
    def out_of_memory(self) -> bool:
        """Whether the device's memory was too small for the region: another time it may do."""
        return self.failure == RejectReason.OUT_OF_MEMORY

    @property
    def hypotheses(self) -> "tuple[PredictedSentence, ...]":
        """All hypotheses that the search closed, the winner first, each as a sentence."""
        others = [
            PredictedSentence(
                region_id=self.region_id,
                raw=other.raw,
                clean=other.clean,
                score=other.score,
                confidence=other.confidence,
                finished=other.finished,
                log_probability=other.log_probability,
                digit_costs=other.digit_costs,
            )
            for other in self.alternatives
        ]
        return (self, *others)
