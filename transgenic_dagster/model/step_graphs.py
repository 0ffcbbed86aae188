"""Decoding steps as CUDA graphs: one launch instead of hundreds.

A graph is captured for a number of regions (powers of two) and a length of the self-attention
cache, so a handful of graphs serve a whole unit. Rows of regions that are not there compute
something that nobody reads.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import torch

from transgenic_dagster.model.caches import CrossAttentionCache
from transgenic_dagster.model.shared_history_cache import SharedHistoryCache

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
    replay: Callable[[], object]


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
        written: SharedHistoryCache,
        num_beams: int,
    ) -> None:
        self._model = model
        self._cross = cross
        self._written = written
        self._num_beams = num_beams
        self._device = model.final_logits_bias.device
        self._graphs: dict[int, _Graph] = {}
        self._moves = written.moves

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Do what a decoding step does between ``begin_step`` and ``end_step`` of the cache.

        Args:
            token_ids: of the live rows, (R,).

        Returns:
            Logits (R, V), fp32, valid until the next step.
        """
        if self._moves != self._written.moves:
            self._graphs.clear()  # they know where keys and values were
            self._moves = self._written.moves
        live = self._cross.regions
        regions = min(1 << (live - 1).bit_length(), self._cross.slots)
        if regions not in self._graphs:
            self._graphs[regions] = self._captured(regions)
        graph = self._graphs[regions]
        graph.token_ids[: len(token_ids)] = token_ids
        graph.column.fill_(self._written.column)
        graph.starts.fill_(self._written.column)  # a region that is not there has just begun
        graph.starts[:live] = self._written.starts[:live]
        graph.replay()
        return graph.logits[: len(token_ids)]

    def _captured(self, regions: int) -> _Graph:
        rows = regions * self._num_beams
        token_ids = torch.zeros(rows, dtype=torch.long, device=self._device)
        column = torch.full((1,), self._written.column, device=self._device)
        starts = column.repeat(regions)

        def step() -> torch.Tensor:
            h = self._model.transgenic.decoder.step(
                token_ids,
                (column - starts)[:, None].expand(-1, self._num_beams).reshape(-1, 1),
                self._written.mask(column, starts),
                partial(self._written.append, column),
                partial(self._cross.layer, regions=regions),
            )
            return self._model.head(h)[:, -1]  # (R, V)

        return _Graph(token_ids, starts, column, *capture_if_possible(step))


def can_capture(device: torch.device) -> bool:
    """Say whether a device has graphs."""
    return device.type == "cuda"


def capture_if_possible(
    function: Callable[[], torch.Tensor],
) -> tuple[torch.Tensor, Callable[[], object]]:
    """Capture a function, see ``capture``; where the device refuses, a replay runs it again."""
    try:
        return capture(function)
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        _warn(str(error))
    result = function()
    return result, lambda: result.copy_(function())


@cache
def _warn(reason: str) -> None:
    """Say once in a process that there are no graphs."""
    logger.warning("CUDA graphs cannot be used here (%s); going on without them", reason)


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
