"""Costs of digits: what the model gave to all ten digits wherever it wrote one.

The cost of a digit is -log of its probability at that step, in nats. Recorded costs are bytes, in
steps of ``COST_STEP``; the last byte stands for all higher costs. Ten bytes (digits 0 to 9) for
each digit that was written, in the order of writing.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transgenic_dagster.gsf.parser import GeneSentence

COST_STEP: Final = 0.1
"""Nats per unit of a recorded cost."""
MAX_COST: Final = 255
DIGITS: Final = 10


class CoordinateCosts(NamedTuple):
    """Costs of the digits of one feature's coordinates.

    Args:
        start: of each digit of the start, most significant first, (digits, 10), fp32, in nats.
        end: of each digit of the end, likewise.
    """

    start: NDArray[np.float32]
    end: NDArray[np.float32]


def recorded_costs(log_probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Costs as they are recorded, of log-probabilities (any shape)."""
    costs = np.rint(log_probabilities / np.float32(-COST_STEP))
    return np.minimum(costs, MAX_COST).astype(np.uint8)


def certain_costs(digit: int) -> bytes:
    """Recorded costs of a digit that was given and not chosen, 0 to 9."""
    return bytes(0 if other == digit else MAX_COST for other in range(DIGITS))


def number_costs(parsed: GeneSentence, digit_costs: bytes) -> dict[str, CoordinateCosts]:
    """Costs of the digits of every feature's coordinates.

    Args:
        parsed: a sentence.
        digit_costs: what was recorded while the model wrote it.

    Returns:
        Costs by feature name; empty where nothing was recorded, or not for exactly the digits of
        this sentence (a coordinate with leading zeros has more digits than its value).
    """
    lengths = [
        len(str(coordinate))
        for feature in parsed.features.values()
        for coordinate in (feature.start, feature.end)
    ]
    if not digit_costs or len(digit_costs) != DIGITS * sum(lengths):
        return {}
    recorded = np.frombuffer(digit_costs, dtype=np.uint8).reshape(-1, DIGITS)
    costs = recorded.astype(np.float32) * np.float32(COST_STEP)
    numbers = np.split(costs, np.cumsum(lengths)[:-1])
    return {
        name: CoordinateCosts(start, end)
        for name, start, end in zip(parsed.features, numbers[::2], numbers[1::2], strict=True)
    }


def number_probability(number: int, digit_costs: NDArray[np.float32]) -> float:
    """Probability that the model gave to a number where it wrote one, 0 to 1.

    Args:
        number: it, not negative; another than was written has the product of its digits'
            probabilities beside the written ones, 0 where it has more or fewer digits.
        digit_costs: costs of each digit, most significant first, (digits, 10), in nats.
    """
    digits = [int(digit) for digit in str(number)]
    if len(digits) != len(digit_costs):
        return 0.0
    return math.exp(-float(digit_costs[np.arange(len(digits)), digits].sum()))
