"""Regions whose sentences are being written, and those that wait to take their places."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.caches import CrossAttentionCache, SelfAttentionCache
from transgenic_dagster.model.downsample import encoder_states_length
from transgenic_dagster.model.encoder_prefetcher import EncoderPrefetcher
from transgenic_dagster.model.step_graphs import StepGraphs

if TYPE_CHECKING:
    from transgenic_dagster.model.model import TransgenicForConditionalGeneration


class Decoding:
    """Decoding state of a unit's regions: B at a time, R = B * g rows grouped by region.

    Args:
        model: in evaluation mode.
        input_ids: DNA ids of all windows of the unit, (N, L).
        num_beams: rows g of each region.
        batch_size: most regions that are decoded at a time.
    """

    def __init__(
        self,
        model: "TransgenicForConditionalGeneration",
        input_ids: torch.Tensor,
        num_beams: int,
        batch_size: int,
    ) -> None:
        self._model = model
        self._decoder = model.transgenic.decoder
        self._num_beams = num_beams
        layout = self._decoder.cache_layout
        self._device = layout.device
        slots = min(batch_size, len(input_ids))
        self._cross = CrossAttentionCache(layout, slots, encoder_states_length(input_ids.shape[1]))
        self._written = SelfAttentionCache(layout, slots * num_beams)
        self._prefetcher = EncoderPrefetcher(model.encode, input_ids, layout.device)
        self._graphs = StepGraphs(model, self._cross, self._written, num_beams)

    def admit(self, regions: int) -> None:
        """Encode the next regions of the unit and let them write, behind those that do."""
        while regions:
            states = self._prefetcher.take(regions)  # (B, S, D)
            self._decoder.project_encoder_states(states, self._cross, self._cross.regions)
            self._cross.regions += len(states)
            self._written.admit(len(states) * self._num_beams)
            regions -= len(states)

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V), fp32, after one more token (R,) per row."""
        self._written.begin_step()
        logits = self._graphs.step(token_ids)
        if logits is None:
            h = self._decoder.step(
                token_ids,
                self._written.positions(self._device),
                self._written.mask(self._device),
                self._written.append,
                partial(self._cross.layer, regions=self._cross.regions),
            )
            logits = self._model.head(h)[:, -1]  # (R, V)
        self._written.end_step()
        self._prefetcher.prefetch()
        return logits

    def reorder(self, parents: Sequence[int]) -> None:
        """Let row i continue the sentence of row ``parents[i]``, which is of the same region."""
        self._written.reorder(parents)

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        self._cross.release(slot)
        self._written.release(slot * self._num_beams, self._num_beams)
