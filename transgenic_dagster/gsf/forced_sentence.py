"""Outcome of reading a sentence that the model did not write (teacher forcing)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreferredNumber:
    """A number that the model would rather have written.

    Args:
        number: it; -1 where the model would have written none.
        log_probability: of its digits, given what stands before them.
    """

    number: int
    log_probability: float


@dataclass(frozen=True, slots=True)
class ForcedSentence:
    """A sentence as the model sees it.

    Args:
        region_id: the region that it describes.
        log_probabilities: of each token, given those before it, from the first behind the start
            token on; none where the region could not be read.
        preferred: for each coordinate, the start and the end of each feature in turn, what the
            model would rather have written; None where it is what stands there.
        failure: a reject reason where the region could not be read, such as ``out_of_memory``.
    """

    region_id: int
    log_probabilities: tuple[float, ...]
    preferred: tuple[PreferredNumber | None, ...]
    failure: str = ""
