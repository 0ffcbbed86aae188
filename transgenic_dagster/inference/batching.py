"""Planning: which regions are decoded together.

A unit is a fixed group of regions of one window length; it is what is journaled and what is run
again after a crash. It holds more regions than are decoded at a time: as sentences end, waiting
regions take their places. Units are planned from one piece's regions alone, in an order that
depends on nothing else, so every run over the same regions forms the same units.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from transgenic_dagster.model import TransgenicConfig, encoder_states_length
from transgenic_dagster.model.caches import cache_length
from transgenic_dagster.model.cpu_operations import has_kernels
from transgenic_dagster.regions.region import Region

CPU_WINDOW_BUDGET = 8 * 6_144
"""Nucleotides of a batch on a CPU: weights are read once per step for all of them."""
GPU_WINDOW_BUDGET = 128 * 6_144
CPU_BATCHES_PER_UNIT = 2
"""Two to three minutes of work for two cores and the published 400M model."""
GPU_BATCHES_PER_UNIT = 8
MEMORY_SHARE = 0.4
"""Share of a device's memory that caches may fill; the rest is for the model and its work."""

PROCESS_BYTES = 330_000_000
"""Python, PyTorch and the rest of the program (measured)."""
KERNEL_BYTES = 95_000_000
"""Numba and what it compiles, for models that are wide enough (measured)."""


@dataclass(frozen=True)
class Unit:
    """Regions of one piece and one window length that are decoded together.

    Args:
        piece: name of the piece.
        regions: the regions.
        given: what their sentences begin with, as token ids from the start token on; none where
            that is the start token alone.
        whole: the given sentences are whole: to be read, not to be continued.
    """

    piece: str
    regions: tuple[Region, ...]
    given: tuple[tuple[int, ...], ...] = ()
    whole: bool = False

    @property
    def window_length(self) -> int:
        """Length of every window, in nucleotides."""
        return self.regions[0].window_length


def plan_units(
    piece: str, regions: Sequence[Region], unit_size: Callable[[int], int]
) -> list[Unit]:
    """Group a piece's regions into units, by window length and then in region order.

    Leaving out the regions of units that are done gives the units that are left, so a resumed run
    needs no record of the plan.

    Args:
        piece: name of the piece.
        regions: its regions, in region order.
        unit_size: regions of a unit, by window length.
    """
    units = []
    by_length = sorted(regions, key=lambda region: (region.window_length, region.region_id))
    for length, group in groupby(by_length, key=lambda region: region.window_length):
        members = tuple(group)
        size = unit_size(length)
        units += [Unit(piece, members[i : i + size]) for i in range(0, len(members), size)]
    return units


def region_bytes(
    config: TransgenicConfig, window_length: int, num_beams: int, max_length: int, dtype_bytes: int
) -> int:
    """Memory that one region takes while it is decoded, at most.

    Args:
        config: the model.
        window_length: nucleotides.
        num_beams: beams of the search.
        max_length: longest sentence in tokens.
        dtype_bytes: bytes per number in the caches (4 in fp32, 2 in bf16 and fp16).
    """
    positions = encoder_states_length(window_length) + num_beams * cache_length(max_length)
    return 2 * config.decoder_layers * positions * config.decoder_dim * dtype_bytes


def predicted_memory(
    config: TransgenicConfig,
    parameters: int,
    window_length: int,
    batch_size: int,
    *,
    num_beams: int,
    max_length: int,
    dtype_bytes: int,
    processes: int = 1,
) -> int:
    """Peak memory of processes that predict on a CPU, in bytes.

    Args:
        config: the model.
        parameters: number of its parameters.
        window_length: nucleotides.
        batch_size: regions that are decoded at a time.
        num_beams: beams of the search.
        max_length: longest sentence in tokens.
        dtype_bytes: bytes per number in weights and caches.
        processes: that predict; they have one copy of the weights.
    """
    channels, layers = config.d_model, config.encoder_n_layer
    tables = config.max_encoder_seqlen * (channels + layers * (config.encoder_emb_dim + 1)) * 4
    weights = parameters * dtype_bytes
    loading = parameters * 4 + weights  # the file's numbers beside those that are kept
    spectra = layers * channels * (window_length + 1) * 8
    encoder = _encoder_copies(channels, dtype_bytes) * channels * window_length * 4
    caches = batch_size * region_bytes(config, window_length, num_beams, max_length, dtype_bytes)
    computing = weights + processes * (spectra + encoder + caches)
    process = PROCESS_BYTES + KERNEL_BYTES * _has_kernels(config.decoder_dim, dtype_bytes)
    return processes * process + tables + max(loading, computing)


def _encoder_copies(channels: int, dtype_bytes: int) -> int:
    """Arrays of channels x window, in fp32, that encoding one window takes at its peak (measured).

    With kernels, the convolution takes the channels one part after the other.
    """
    return 13 + 3 * dtype_bytes if _has_kernels(channels, dtype_bytes) else 32


def _has_kernels(channels: int, dtype_bytes: int) -> bool:
    return has_kernels(channels, torch.float32 if dtype_bytes == 4 else torch.bfloat16)


@dataclass(frozen=True)
class BatchSizes:
    """Numbers of regions that are decoded at a time, and that make a unit.

    Args:
        config: the model.
        num_beams: beams of the search.
        max_length: longest sentence in tokens.
        dtype_bytes: bytes per number in the caches.
        on_gpu: whether the device is a GPU.
        memory_budget: bytes of the device's memory.
        fixed: regions decoded at a time where the user says so, whatever their length.
    """

    config: TransgenicConfig
    num_beams: int
    max_length: int
    dtype_bytes: int
    on_gpu: bool
    memory_budget: int
    fixed: int | None = None

    def batch_size(self, window_length: int) -> int:
        """Regions decoded at a time: they keep the device busy and fit its memory.

        A power of two, so that a little more or less free memory forms the same batches.
        """
        if self.fixed is not None:
            return self.fixed
        each = region_bytes(
            self.config, window_length, self.num_beams, self.max_length, self.dtype_bytes
        )
        by_memory = int(self.memory_budget * MEMORY_SHARE) // each
        budget = GPU_WINDOW_BUDGET if self.on_gpu else CPU_WINDOW_BUDGET
        fitting = max(1, min(by_memory, budget // window_length))
        return 1 << (fitting.bit_length() - 1)

    def per_unit(self, window_length: int) -> int:
        """Regions of a unit: those of a batch and those that wait."""
        batches = GPU_BATCHES_PER_UNIT if self.on_gpu else CPU_BATCHES_PER_UNIT
        return batches * self.batch_size(window_length)
