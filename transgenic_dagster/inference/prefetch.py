"""Reading windows ahead of the model, in processes of their own where that helps."""

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch.utils.data import DataLoader, Dataset

from transgenic_dagster.inference.batching import Unit
from transgenic_dagster.model import encode_dna
from transgenic_dagster.system.processes import hush_semaphore_tracker
from transgenic_dagster.system.signals import FROM_TERMINALS, bind_to_main_process

UNITS_PER_WORKER = 8
"""Below this, starting a process takes longer than it saves."""

ReadSequences = Callable[[Sequence[int]], dict[int, str]]


class UnitDataset(Dataset[torch.Tensor | Exception]):
    """DNA ids of units, by position in the plan.

    Args:
        units: the plan.
        read_sequences: from region ids to window sequences; called in other processes too, so it
            must be picklable.
    """

    def __init__(self, units: Sequence[Unit], read_sequences: ReadSequences) -> None:
        self._units = units
        self._read_sequences = read_sequences

    def __len__(self) -> int:
        return len(self._units)

    def __getitem__(self, index: int) -> torch.Tensor | Exception:
        """DNA ids of one unit, (B, L), uint8, or what went wrong.

        The loader would turn an error of another process into its traceback.
        """
        try:
            return window_ids(self._units[index], self._read_sequences)
        except Exception as error:
            return error


def window_ids(unit: Unit, read_sequences: ReadSequences) -> torch.Tensor:
    """Read the windows of a unit: DNA ids, (B, L), uint8."""
    ids = [region.region_id for region in unit.regions]
    sequences = read_sequences(ids)
    return torch.stack([encode_dna(sequences[region_id]) for region_id in ids])


def load_units(
    units: Sequence[Unit],
    read_sequences: ReadSequences,
    *,
    num_workers: int,
    prefetch_factor: int,
) -> Iterator[tuple[Unit, torch.Tensor]]:
    """Yield every unit with its DNA ids, in order.

    Args:
        units: the plan.
        read_sequences: see ``UnitDataset``.
        num_workers: processes that read ahead, at most; 0 reads in this process.
        prefetch_factor: units that each process keeps ready.

    Raises:
        TransgenicError: the windows cannot be read.
    """
    workers = min(num_workers, len(units) // UNITS_PER_WORKER)
    if workers:
        hush_semaphore_tracker()
    loader = DataLoader(
        UnitDataset(units, read_sequences),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=prefetch_factor if workers else None,
        # A forked process would inherit locks of PyTorch and DuckDB in any state.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=partial(_end_with, os.getpid()) if workers else None,
    )
    for unit, input_ids in zip(units, loader, strict=True):
        if isinstance(input_ids, Exception):
            raise input_ids
        yield unit, input_ids


def _end_with(main_process: int, _worker: int) -> None:
    """Set a worker up; it ends when the main process does."""
    bind_to_main_process(main_process, FROM_TERMINALS)
    # DuckDB's binding would report leaks of its own on stderr at a regular exit.
    atexit.register(os._exit, 0)
    torch.set_num_threads(1)
