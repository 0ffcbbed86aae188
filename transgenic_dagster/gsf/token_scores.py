"""What the model thinks of a sentence that was given to it (teacher forcing), token by token."""

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
class TokenScores:
    """A sentence as the model sees it.

    Args:
        log_probabilities: of each token, given those before it, from the first behind the start
            token on.
        preferred: for each coordinate, the start and the end of each feature in turn, what the
            model would rather have written; None where it is what stands there.
    """

    log_probabilities: tuple[float, ...]
    preferred: tuple[PreferredNumber | None, ...]
