"""Costs, in nats, of moving a boundary of a coding part away from where the model wrote it.

A cost is -log of how likely the model is to have written a boundary where it did, had it meant
another position, less the same for the written position, which so costs 0.
"""

import math
from enum import StrEnum
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Costs = npt.NDArray[np.float64]
"""Costs by offset from the written position: shape (2 * max_distance + 1,), 0 in the middle."""


class BoundaryKind(StrEnum):
    """What lies at a boundary, along the strand of the transcript."""

    START = "start"
    DONOR = "donor"
    ACCEPTOR = "acceptor"
    STOP = "stop"


# How often the model writes a boundary wrongly. Stops are wrong in nearly all of the transcripts
# that the authors of TransGenic show, starts and splice sites in a few.
_SHARE_WRONG: Final = {
    BoundaryKind.START: 0.1,
    BoundaryKind.DONOR: 0.06,
    BoundaryKind.ACCEPTOR: 0.06,
    BoundaryKind.STOP: 0.7,
}
# A wrong boundary lies d bases away with a density of (1 + d / _SCALE) ** -_TAIL: concave costs,
# so that two moves never cost less than the one that they amount to.
_SCALE: Final = 12.0
_TAIL: Final = 2.5
# What true splice sites score on average (nats, see ``splice_sites``).
_TYPICAL_SITE_SCORE: Final = 2.4
# How likely it is that the digits' probabilities tell anything of the boundary.
_TRUST_IN_DIGITS: Final = 0.5


@cache
def distance_costs(kind: BoundaryKind, max_distance: int) -> Costs:
    """Return costs that know nothing but the distance.

    Args:
        kind: what lies at the boundary.
        max_distance: farthest move (nt).

    Returns:
        Costs by offset from ``-max_distance`` to ``max_distance``; read-only.
    """
    costs = -_log_distance(kind, max_distance)
    costs -= costs[max_distance]
    costs.flags.writeable = False
    return costs


def digit_costs(
    number: int,
    digit_nll: npt.NDArray[np.floating],
    window_length: int,
    kind: BoundaryKind,
    max_distance: int,
) -> Costs:
    """Return costs by what the model gave to the other digits while it wrote a number.

    Another number with as many digits has the product of its digits' recorded probabilities;
    behind the first digit that differs those are what the model would have written after the
    written ones, the best guess there is. They are evidence beside the distance: digits that the
    model was sure of make it dearer to move to any other number. The likelihood of a number is
    that of its distance times a mixture: its share of the digits' probabilities within reach, or,
    where the digits tell nothing, the same for all numbers within reach. The latter keeps a carry
    (1299 for 1301) from being forbidden.

    Args:
        number: the boundary as the model wrote it, relative to the window.
        digit_nll: -log of the probability of each digit, most significant place first; shape
            (number of digits, 10).
        window_length: length of the window (nt); numbers lie within 0 and this.
        kind: what lies at the boundary.
        max_distance: farthest move (nt).

    Returns:
        Costs by offset from ``-max_distance`` to ``max_distance``, infinite outside the window. A
        number that the model held for likelier than the one it wrote has a cost below 0.

    Raises:
        ValueError: ``digit_nll`` has not one row of ten for each digit of ``number``.
    """
    places = len(str(number))
    if digit_nll.shape != (places, 10):
        raise ValueError(f"{number} has {places} digits, but their costs are {digit_nll.shape}")
    numbers = number + np.arange(-max_distance, max_distance + 1)
    log_digits = np.full(numbers.shape, -np.inf)
    lowest = 10 ** (places - 1) if places > 1 else 0
    same_places = (numbers >= lowest) & (numbers < 10**places)
    powers = 10 ** np.arange(places - 1, -1, -1)
    digits = numbers[same_places, None] // powers % 10  # (numbers of as many digits, places)
    log_digits[same_places] = -digit_nll[np.arange(places), digits].sum(axis=1)
    log_digits -= np.logaddexp.reduce(log_digits)
    log_mixture = np.logaddexp(
        math.log(_TRUST_IN_DIGITS) + log_digits,
        math.log((1 - _TRUST_IN_DIGITS) / numbers.size),
    )
    log_likelihood = _log_distance(kind, max_distance) + log_mixture
    costs: Costs = log_likelihood[max_distance] - log_likelihood
    costs[(numbers < 0) | (numbers > window_length)] = np.inf
    return costs


def add_site_scores(
    costs: Costs, scores: npt.NDArray[np.float64], *, written_is_site: bool
) -> Costs:
    """Return costs that favour what looks like a splice site over what was written.

    Args:
        costs: costs of a donor or an acceptor.
        scores: log-odds of a splice site at the same positions.
        written_is_site: whether a splice site lies at the written position; where none does,
            it counts as one with a typical score.
    """
    middle = len(costs) // 2
    written_score = scores[middle] if written_is_site else _TYPICAL_SITE_SCORE
    added = costs + written_score - scores
    added[middle] = costs[middle]
    return added


def _log_distance(kind: BoundaryKind, max_distance: int) -> Costs:
    """Return the log-probability of each offset; shape (2 * max_distance + 1,)."""
    distance = np.abs(np.arange(-max_distance, max_distance + 1))
    density = np.where(distance > 0, (1 + distance / _SCALE) ** -_TAIL, 0.0)
    share_wrong = _SHARE_WRONG[kind]
    density *= share_wrong / max(density.sum(), 1.0)
    density[max_distance] = 1 - share_wrong
    log_density: Costs = np.log(density)
    return log_density
