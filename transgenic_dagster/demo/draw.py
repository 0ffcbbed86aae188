"""Random draws that give the same values in every Python version and on every machine."""

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """Random draws from one seed, built on ``random.Random.random`` alone.

    The bundled checkpoint has memorised the very bytes of the demo assembly, and ``random()`` is
    the one method whose sequence Python promises never to change.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def integer(self, low: int, high: int) -> int:
        """Draw an integer from ``low`` to ``high``, both included."""
        return low + int(self._random() * (high - low + 1))

    def one_of(self, items: Sequence[Item]) -> Item:
        """Draw one item, each with the same probability."""
        return items[self.integer(0, len(items) - 1)]

    def chance(self, probability: float) -> bool:
        """Draw true with the given probability."""
        return self._random() < probability

    def dna(self, length: int, gc_content: float) -> str:
        """Draw upper-case DNA of ``length`` nt with independent letters."""
        letters = []
        for _ in range(length):
            pair = "GC" if self.chance(gc_content) else "AT"
            letters.append(self.one_of(pair))
        return "".join(letters)
