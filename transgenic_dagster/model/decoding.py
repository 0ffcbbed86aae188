"""Regions whose sentences are being written, and those that wait to take their places."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.attention import KeyValues
from transgenic_dagster.model.caches import CrossAttentionCache, SelfAttentionCache
from transgenic_dagster.model.downsample import encoder_states_length
from transgenic_dagster.model.encoder_prefetcher import EncoderPrefetcher
from transgenic_dagster.model.shared_history_cache import SharedHistoryCache
from transgenic_dagster.model.step_graphs import StepGraphs, can_capture

if TYPE_CHECKING:
    from transgenic_dagster.model.model import TransgenicForConditionalGeneration


class Decoding:
    """Decoding state of a unit's regions: B at a time, R = B * g rows grouped by region.

    Args:
        model: in evaluation mode.
        input_ids: DNA ids of all windows of the unit, (N, L).
        num_beams: rows g of each region.
        batch_size: most regions that are decoded at a time.
        prompts: what each region's sentence begins with, N lists of token ids from the start token
            on; by default the start token alone. The last token of each is the first to ``step``.
    """

    def __init__(
        self,
        model: "TransgenicForConditionalGeneration",
        input_ids: torch.Tensor,
        num_beams: int,
        batch_size: int,
        prompts: Sequence[Sequence[int]] = (),
    ) -> None:
        self._model = model
        self._decoder = model.transgenic.decoder
        self._num_beams = num_beams
        layout = self._decoder.cache_layout
        self._device = layout.device
        slots = min(batch_size, len(input_ids))
        self._cross = CrossAttentionCache(layout, slots, encoder_states_length(input_ids.shape[1]))
        self._past = [prompt[:-1] for prompt in prompts]
        longest = max(map(len, self._past), default=0)
        rows = slots * num_beams
        self._written: SelfAttentionCache | SharedHistoryCache
        self._step: Callable[[torch.Tensor], torch.Tensor]
        if can_capture(layout.device):
            shared = SharedHistoryCache(layout, rows, num_beams, longest)
            self._written = shared
            self._step = StepGraphs(model, self._cross, shared, num_beams).step
        else:
            own = SelfAttentionCache(layout, rows, longest)
            self._written = own
            self._step = partial(self._read, own)
        self._admitted = 0
        self._prefetcher = EncoderPrefetcher(model.encode, input_ids, layout.device)

    def admit(self, regions: int) -> None:
        """Encode the next regions of the unit and let them write, behind those that do."""
        while regions:
            states = self._prefetcher.take(regions)  # (B, S, D)
            self._decoder.project_encoder_states(states, self._cross, self._cross.regions)
            self._cross.regions += len(states)
            self._begin(len(states))
            regions -= len(states)

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V), fp32, after one more token (R,) per row."""
        self._written.begin_step()
        logits = self._step(token_ids)
        self._written.end_step()
        self._prefetcher.prefetch()
        return logits

    def _read(self, written: SelfAttentionCache, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V) after one more token per row, without graphs."""
        h = self._decoder.step(
            token_ids,
            written.positions(self._device),
            written.mask(self._device),
            written.append,
            partial(self._cross.layer, regions=self._cross.regions),
        )
        return self._model.head(h)[:, -1]  # (R, V)

    def _begin(self, regions: int) -> None:
        """Let the rows of the regions that were projected last begin, behind their prompts."""
        pasts = self._past[self._admitted : self._admitted + regions]
        self._admitted += regions
        longest = max(map(len, pasts), default=0)
        if not longest:
            self._written.admit(regions * self._num_beams)
            return
        token_ids = torch.zeros(regions, longest, dtype=torch.long)  # (B, T)
        for row, past in enumerate(pasts):
            token_ids[row, : len(past)] = torch.tensor(past, dtype=torch.long)
        slots = slice(self._cross.regions - regions, self._cross.regions)

        def cross(layer: int) -> KeyValues:
            held = self._cross.layer(layer, self._cross.regions)
            return KeyValues(held.keys[slots], held.values[slots])

        # What fills up a prompt stands behind it, where it does not see it.
        _, read = self._decoder.read(token_ids.to(self._device), cross)
        for row, past in enumerate(pasts):
            own, seen = slice(row, row + 1), slice(len(past))
            prompt = [KeyValues(kv.keys[own, :, seen], kv.values[own, :, seen]) for kv in read]
            self._written.admit(self._num_beams, prompt)

    def reorder(self, parents: torch.Tensor) -> None:
        """Let row i continue the sentence of row ``parents[i]``, (R,), of the same region."""
        self._written.reorder(parents)

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        self._cross.release(slot)
        self._written.release(slot * self._num_beams, self._num_beams)
