"""What the engine hands on for each region: the sentence that the model wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PredictedSentence:
    """The gene sentence that the model wrote for one region.

    Args:
        region_id: the region that the sentence describes.
        raw: the text of the token ids, start and end tokens included (``pred_raw``).
        clean: the same text without start and end tokens (``pred_clean``).
        score: the hypothesis score of the beam search, a mean log probability.
        confidence: mean token probability, 0 to 1.
        finished: False where the model reached ``--max_length`` without an end token.
        failure: a reject reason where the region could not be decoded at all, such as
            ``out_of_memory``; empty otherwise.
    """

    region_id: int
    raw: str
    clean: str
    score: float
    confidence: float
    finished: bool
    failure: str = ""
