"""How the cores of a machine are split among processes that predict on the CPU.

Many threads of one process wait for one another at the end of each small operation of a decoding
step; many processes wait for memory instead. Which split does most is measured, with the model
itself, whenever a run has more than a few cores. It changes the time of a run and no result.
"""

import os
import time
from collections.abc import Callable, Collection

import torch

from transgenic_dagster.inference.batching import BatchSizes, predicted_memory
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import Decoding

MANY_CORES = 8
"""So many are not split."""
FEWEST_CORES = 2
"""Of a process."""
UNITS_PER_PROCESS = 4
"""Below this, starting processes takes longer than they save, and the last ones wait long."""
JOINT_MEMORY_SHARE = 0.8
"""Share of the memory that processes may be predicted to fill together."""
WORTHWHILE_GAIN = 1.05
"""More processes must do so many times as much; they take more memory."""

_ENCODED, _DECODED = 512, 48
"""Lengths of the windows of the measurement, in nucleotides."""
_BEAMS, _REGIONS, _STEPS = 2, 8, 2
"""With these, encoder and decoding take shares of the time as in windows of 6,144 nt."""
_SECONDS = 0.4


def most_processes(
    cores: int,
    sizes: BatchSizes,
    parameters: int,
    window_lengths: Collection[int],
    units: int,
    memory: int,
) -> int:
    """Processes that the cores may be split among, a power of two.

    Args:
        cores: of the run.
        sizes: of the batches, which are the same in one process and in several.
        parameters: of the model.
        window_lengths: of the units, in nucleotides.
        units: how many there are.
        memory: bytes that all processes may count on.
    """
    if cores <= MANY_CORES:
        return 1

    def fit(processes: int) -> bool:
        needed = (
            memory_of_processes(processes, sizes, parameters, length) for length in window_lengths
        )
        return max(needed, default=0) <= JOINT_MEMORY_SHARE * memory

    processes = 1
    most = min(cores // FEWEST_CORES, units // UNITS_PER_PROCESS)
    while 2 * processes <= most and fit(2 * processes):
        processes *= 2
    return processes


def memory_of_processes(
    processes: int, sizes: BatchSizes, parameters: int, window_length: int
) -> int:
    """Memory that some processes take together, in bytes; they have one copy of the weights."""
    return predicted_memory(
        sizes.config,
        parameters,
        window_length,
        sizes.batch_size(window_length),
        num_beams=sizes.num_beams,
        max_length=sizes.max_length,
        dtype_bytes=sizes.dtype_bytes,
        processes=processes,
    )


def core_shares(cores: int, processes: int) -> list[int]:
    """Cores of each of some processes; the first have one more where they do not come out even."""
    each, more = divmod(cores, processes)
    return [max(1, each + (i < more)) for i in range(processes)]


def take_cores(shares: list[int], number: int) -> None:
    """Have this process compute with its share of the cores.

    It is bound to them where the run has all that this job may run on. Otherwise another run may
    have the rest, and the kernel knows better which of them are free.

    Args:
        shares: cores of each process.
        number: of this process.
    """
    first, mine = sum(shares[:number]), shares[number]
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) == sum(shares):
        os.sched_setaffinity(0, allowed[first : first + mine])
    torch.set_num_threads(mine)


def best_split(most: int, rate: Callable[[int], float]) -> int:
    """The number of processes that do most together: a power of two, at most ``most``.

    Args:
        most: processes.
        rate: measures what so many do in a second.
    """
    best, best_rate, processes = 1, rate(1), 2
    while processes <= most:
        measured = rate(processes)
        if measured > WORTHWHILE_GAIN * best_rate:
            best, best_rate = processes, measured
        processes *= 2
    return best


def work_rate(engine: Engine, started: Callable[[], None]) -> float:
    """Rate at which this process works: encoding a window and decoding some steps of a batch.

    Args:
        engine: on the CPU.
        started: called when the first, which is slower, is done.

    Returns:
        How many of these it does in a second, while it does at least one.
    """
    window = torch.full((1, _ENCODED), 7)  # (1, L)
    others = torch.full((_REGIONS, _DECODED), 7)  # (B, L)
    tokens = torch.full((_REGIONS * _BEAMS,), 4)  # (R,)

    @torch.inference_mode()
    def work() -> None:
        engine.model.encode(window)
        decoding = Decoding(engine.model, others, _BEAMS, _REGIONS)
        decoding.admit(_REGIONS)
        for _ in range(_STEPS):
            decoding.step(tokens)

    work()
    started()
    done, began, passed = 0, time.perf_counter(), 0.0
    while passed < _SECONDS:
        work()
        done += 1
        passed = time.perf_counter() - began
    return done / passed
