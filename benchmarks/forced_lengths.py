"""Decoding that ends each sentence at a length of our choice, for models with random weights."""

from collections.abc import Sequence

import torch

from transgenic_dagster.gsf.vocabulary import EOS_ID
from transgenic_dagster.inference.beam_search import Decoding

CERTAIN = 1e9


class ForcedLengths:
    """A decoding state whose regions close their sentences after so many tokens.

    Args:
        decoding: the state; all its regions wait.
        lengths: tokens of each region's sentence, the EOS included.
        num_beams: beams.
    """

    def __init__(self, decoding: Decoding, lengths: Sequence[int], num_beams: int) -> None:
        self._decoding = decoding
        self._waiting = list(lengths)
        self._left: list[int] = []
        self._num_beams = num_beams
        self.steps = 0
        self.region_steps = 0

    def admit(self, regions: int) -> None:
        """Let the next regions start."""
        self._decoding.admit(regions)
        self._left += self._waiting[:regions]
        del self._waiting[:regions]

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits after one more token, with certainty where a sentence is to end."""
        logits = self._decoding.step(token_ids)
        self.steps += 1
        self.region_steps += len(self._left)
        self._left = [left - 1 for left in self._left]
        ending = [
            slot * self._num_beams + row
            for slot, left in enumerate(self._left)
            if left <= 0
            for row in range(self._num_beams)
        ]
        if ending:
            logits[torch.tensor(ending, device=logits.device), EOS_ID] = CERTAIN
        return logits

    def reorder(self, parents: torch.Tensor) -> None:
        """Let rows continue others."""
        self._decoding.reorder(parents)

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        self._decoding.release(slot)
        self._left[slot] = self._left[-1]
        self._left.pop()
