"""Regions whose sentences are being written, and those that wait to take their places."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.caches import MemoryBank, SelfAttentionCache

if TYPE_CHECKING:
    from transgenic_dagster.model.model import TransgenicForConditionalGeneration

CPU_ENCODER_BATCH = 1
GPU_ENCODER_NUCLEOTIDES = 65_536
"""What is encoded at once: on a CPU one window fills all cores, more only take memory."""


class Decoding:
    """Decoding state of a unit's regions: B at a time, R = B * g rows grouped by region.

    Args:
        model: in evaluation mode.
        input_ids: DNA ids of all windows of the unit, (N, L).
        rows_per_region: beams g.
        regions_at_once: most regions that are decoded together.
    """

    def __init__(
        self,
        model: "TransgenicForConditionalGeneration",
        input_ids: torch.Tensor,
        rows_per_region: int,
        regions_at_once: int,
    ) -> None:
        self._model = model
        self._input_ids = input_ids
        self._width = rows_per_region
        self._device = model.final_logits_bias.device
        layers = model.config.decoder_layers
        slots = min(regions_at_once, len(input_ids))
        self._memory = MemoryBank(slots, layers)
        self._cache = SelfAttentionCache(slots * rows_per_region, layers)

    def enter(self, regions: Sequence[int]) -> None:
        """Encode some of the unit's regions and let them write, behind those that do."""
        together = CPU_ENCODER_BATCH
        if self._device.type != "cpu":
            together = max(1, GPU_ENCODER_NUCLEOTIDES // self._input_ids.shape[1])
        for first in range(0, len(regions), together):
            some = list(regions[first : first + together])
            memory = self._model.encode(self._input_ids[some].to(self._device))
            self._model.transgenic.decoder.remember(memory, self._memory, self._memory.regions)
            self._memory.regions += len(some)
            self._cache.enter(len(some) * self._width)

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V), fp32, after one more token (R,) per row."""
        return self._model.step_logits(token_ids, self._memory, self._cache)

    def continue_rows(self, parents: Sequence[int]) -> None:
        """Let row i continue the sentence of row ``parents[i]``, which is of the same region."""
        self._cache.continue_rows(parents)

    def leave(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        self._memory.leave(slot)
        self._cache.leave(slot * self._width, self._width)
