"""Decoding steps as CUDA graphs: one launch instead of hundreds.

A graph is captured for a number of regions (powers of two) and a length of the self-attention
cache, so a handful of graphs serve a whole unit. Rows of regions that are not there compute
something that nobody reads.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.caches import CrossAttentionCache, SelfAttentionCache

if TYPE_CHECKING:
    from transgenic_dagster.model.model import TransgenicForConditionalGeneration

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Graph:
    """A captured step for a number of rows; what it reads and writes stays where it is."""

    token_ids: torch.Tensor
    starts: torch.Tensor
    column: torch.Tensor
    logits: torch.Tensor
    replay: Callable[[], None]


class StepGraphs:
    """The graphs of one decoding state.

    Args:
        model: in evaluation mode.
        cross: cross-attention's keys and values of the live regions.
        written: self-attention's keys and values of the live rows.
        num_beams: rows of a region.
    """

    def __init__(
        self,
        model: "TransgenicForConditionalGeneration",
        cross: CrossAttentionCache,
        written: SelfAttentionCache,
        num_beams: int,
    ) -> None:
        self._model = model
        self._cross = cross
        self._written = written
        self._num_beams = num_beams
        self._device = model.final_logits_bias.device
        self._usable = can_capture(self._device)
        self._graphs: dict[int, _Graph] = {}
        self._moves = written.moves

    def step(self, token_ids: torch.Tensor) -> torch.Tensor | None:
        """Do what a decoding step does between ``begin_step`` and ``end_step`` of the cache.

        Args:
            token_ids: of the live rows, (R,).

        Returns:
            Logits (R, V), fp32, valid until the next step; None where graphs cannot be used.
        """
        if self._moves != self._written.moves:
            self._graphs.clear()  # they know where keys and values were
            self._moves = self._written.moves
        regions = min(1 << (self._cross.regions - 1).bit_length(), self._cross.slots)
        if self._usable and regions not in self._graphs:
            self._capture(regions)
        graph = self._graphs.get(regions)
        if graph is None:
            return None
        live = len(token_ids)
        graph.token_ids[:live] = token_ids
        graph.column.fill_(self._written.column)
        graph.starts.fill_(self._written.column)  # a row that is not there sees itself alone
        graph.starts[:live] = torch.tensor(self._written.starts, device=self._device)
        graph.replay()
        return graph.logits[:live]

    def _capture(self, regions: int) -> None:
        rows = regions * self._num_beams
        token_ids = torch.zeros(rows, dtype=torch.long, device=self._device)
        column = torch.full((1,), self._written.column, device=self._device)
        starts = column.repeat(rows, 1)
        columns = torch.arange(self._written.columns, device=self._device)

        def step() -> torch.Tensor:
            seen = (columns >= starts) & (columns <= column)  # (R, columns)
            h = self._model.transgenic.decoder.step(
                token_ids,
                column - starts,
                seen[:, None, None],
                partial(self._written.append_at, column),
                partial(self._cross.layer, regions=regions),
            )
            return self._model.head(h)[:, -1]  # (R, V)

        try:
            logits, replay = capture(step)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            logger.warning("CUDA graphs cannot be used here (%s); going on without them", error)
            self._usable = False
            self._graphs.clear()
            return
        self._graphs[regions] = _Graph(token_ids, starts[:, 0], column, logits, replay)


def can_capture(device: torch.device) -> bool:
    """Say whether a device has graphs."""
    return device.type == "cuda"


def capture(function: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, Callable[[], None]]:
    """Capture a function as a graph of the present CUDA device.

    Args:
        function: works on tensors that stay where they are; may be run any number of times.

    Returns:
        The function's result, which each replay overwrites, and the replay.
    """
    function()  # outside the graph, libraries choose their kernels
    graph = torch.cuda.CUDAGraph()
    # Other streams go on encoding meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        result = function()
    return result, graph.replay
