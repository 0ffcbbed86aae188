"""Regions whose sentences are being written, and those that wait to take their places."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.caches import MemoryBank, SelfAttentionCache
from transgenic_dagster.model.downsample import memory_length
from transgenic_dagster.model.encoder_prefetcher import EncodingAhead
from transgenic_dagster.model.step_graphs import StepGraphs

if TYPE_CHECKING:
    from transgenic_dagster.model.model import TransgenicForConditionalGeneration


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
        self._decoder = model.transgenic.decoder
        self._width = rows_per_region
        layout = self._decoder.cache_layout
        self._device = layout.device
        slots = min(regions_at_once, len(input_ids))
        self._memory = MemoryBank(layout, slots, memory_length(input_ids.shape[1]))
        self._cache = SelfAttentionCache(layout, slots * rows_per_region)
        self._encoding = EncodingAhead(model.encode, input_ids, layout.device)
        self._graphs = StepGraphs(model, self._memory, self._cache, rows_per_region)

    def enter(self, regions: int) -> None:
        """Encode the next regions of the unit and let them write, behind those that do."""
        while regions:
            memory = self._encoding.take(regions)
            self._decoder.remember(memory, self._memory, self._memory.regions)
            self._memory.regions += len(memory)
            self._cache.enter(len(memory) * self._width)
            regions -= len(memory)

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V), fp32, after one more token (R,) per row."""
        self._cache.begin_step()
        logits = self._graphs.step(token_ids)
        if logits is None:
            h = self._decoder.step(
                token_ids,
                self._cache.positions(self._device),
                self._cache.mask(self._device),
                self._cache.append,
                partial(self._memory.layer, regions=self._memory.regions),
            )
            logits = self._model.head(h)[:, -1]
        self._cache.end_step()
        self._encoding.go_on()
        return logits

    def continue_rows(self, parents: Sequence[int]) -> None:
        """Let row i continue the sentence of row ``parents[i]``, which is of the same region."""
        self._cache.continue_rows(parents)

    def leave(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        self._memory.leave(slot)
        self._cache.leave(slot * self._width, self._width)
