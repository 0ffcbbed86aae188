"""Predicts with several worker processes, which share out the units among them.

Each has a GPU, or some cores of the CPU. A unit goes to whichever process is free, so devices of
different speed end together. What a process was working on when it was lost goes to another one.
Units are the same as in one process, so the results are, too. A process that is stopped or hangs is
lost as well: it takes far longer for a unit than any took so far, while others go on.
"""

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Protocol

import torch

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.inference.batching import BatchSizes, Unit
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.cpu_workers import CPU, CpuSetup, ModelProcess
from transgenic_dagster.inference.device import usable_cores
from transgenic_dagster.inference.prefetch import ReadSequences
from transgenic_dagster.inference.worker_process import (
    WorkerModel,
    WorkerSetup,
    work_on_device,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long a process may work on a unit while others go on.

    Args:
        seconds: at least so long; loading and compiling the model belong to the first unit.
        factor: and so many times as long as the slowest unit so far, nucleotide by nucleotide.
        look_every: seconds between two looks.
    """

    seconds: float = 1_800
    factor: float = 20
    look_every: float = 10


class Process(Protocol):
    """A process that the main one has started, or has had forked."""

    @property
    def exitcode(self) -> int | None:
        """Its exit code, negative for a signal; None until it was waited for."""

    def kill(self) -> None:
        """End it."""

    def join(self) -> None:
        """Wait until it has ended."""


@dataclass
class Worker:
    """A process that predicts on one device, as the main process sees it.

    Args:
        device: where it predicts.
        process: itself.
        connection: to it.
        unit: what it works on, None where it is idle.
        seconds: since it was given that.
    """

    device: torch.device
    process: Process
    connection: Connection
    unit: Unit | None = None
    seconds: float = 0.0


@dataclass
class _Watch:
    """Measures how long processes work, and says which of them hang."""

    patience: Patience
    slowest: float = 0.0  # seconds per nucleotide, of the units that are done
    looked: float = field(default_factory=time.monotonic)

    def look(self, workers: Sequence[Worker]) -> list[Worker]:
        """The processes that hang; none where no other is there to take over."""
        now = time.monotonic()
        # While the main process itself was stopped, the others may have been, too.
        passed = min(now - self.looked, 2 * self.patience.look_every)
        self.looked = now
        for worker in workers:
            worker.seconds += passed
        hanging = [worker for worker in workers if worker.unit and self._hangs(worker.unit, worker)]
        return hanging if len(hanging) < len(workers) else []

    def done(self, unit: Unit, worker: Worker) -> None:
        """Learn from a unit that is done how long one takes."""
        self.slowest = max(self.slowest, worker.seconds / _nucleotides(unit))

    def _hangs(self, unit: Unit, worker: Worker) -> bool:
        limit = max(self.patience.seconds, self.patience.factor * self.slowest * _nucleotides(unit))
        return self.slowest > 0 and worker.seconds > limit


def _nucleotides(unit: Unit) -> int:
    return len(unit.regions) * unit.window_length


def predict_on_workers(
    devices: Sequence[torch.device],
    model: WorkerModel,
    decoding: DecodingOptions,
    units: Sequence[Unit],
    read_sequences: ReadSequences,
    batch_sizes: BatchSizes,
    *,
    fitted: bool = False,
    patience: Patience = Patience(),  # frozen
) -> Iterator[tuple[Unit, list[PredictedSentence]]]:
    """Predict units in several processes.

    Args:
        devices: of one type; one process is started for each, but no more than there are units.
        model: what each of them has; on the CPU they share it.
        decoding: how sentences are searched.
        units: what to predict.
        read_sequences: from region ids to window sequences; called in the processes.
        batch_sizes: how many regions are decoded at a time.
        fitted: on the CPU, start as many processes as do most together, rather than all.
        patience: how long a process may be silent.

    Yields:
        Every unit with its sentences, in the order in which they are finished.

    Raises:
        TransgenicError: what a process raised.
        ResumableError: all processes are lost.
    """
    if not units:
        return
    waiting = deque(units)
    setup = WorkerSetup(os.getpid(), model, decoding, read_sequences)
    with ExitStack() as end:
        if devices[0].type == "cpu":
            most = min(len(devices), len(units))
            workers = _start_on_cpu(CpuSetup(setup, usable_cores(), fitted), most, end)
        else:
            workers = [_start_on(device, setup, end) for device in devices[: len(units)]]
        for worker in workers:
            _assign(worker, waiting, batch_sizes)
        watch = _Watch(patience)
        while busy := {worker.connection: worker for worker in workers if worker.unit is not None}:
            answered = wait(list(busy), timeout=patience.look_every)
            for worker in watch.look(workers):
                if worker.connection not in answered:
                    logger.warning(
                        "the process on %s has not answered for %d seconds and is ended",
                        worker.device,
                        worker.seconds,
                    )
                    worker.process.kill()  # its end is noticed next
            for ready in answered:
                worker = busy[ready]  # type: ignore[index]  # connections come back as they went
                unit = worker.unit
                try:
                    answer = worker.connection.recv()
                except (EOFError, OSError):
                    workers.remove(worker)
                    _requeue(worker, waiting, workers, batch_sizes)
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                watch.done(unit, worker)  # type: ignore[arg-type]  # a busy worker has a unit
                _assign(worker, waiting, batch_sizes)
                yield unit, answer  # type: ignore[misc]  # a busy worker has a unit


def _start_on(device: torch.device, setup: WorkerSetup, end: ExitStack) -> Worker:
    """Start a process that has a device to itself."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work_on_device, args=(theirs, device, setup), name=f"{device}")
    process.start()
    theirs.close()
    worker = Worker(device, process, ours)
    end.callback(_end, worker)
    return worker


def _start_on_cpu(setup: CpuSetup, most: int, end: ExitStack) -> list[Worker]:
    """Start processes on the CPU, each with some of its cores."""
    model_process = ModelProcess(setup, most)
    end.callback(model_process.end)
    try:
        forked = model_process.forked()
    except EOFError as error:
        raise ResumableError(
            f"The process that loads the model ended {_cause(model_process.end())}; look for the "
            "cause in the system's log (memory?)."
        ) from error
    if setup.fitted:
        plural = "es" * (len(forked) > 1)
        logger.info("%d cores predict in %d process%s", setup.cores, len(forked), plural)
    workers = [Worker(CPU, process, connection) for process, connection in forked]
    for worker in workers:
        end.callback(_end, worker)
    return workers


def _assign(worker: Worker, waiting: deque[Unit], batch_sizes: BatchSizes) -> None:
    """Let an idle worker predict the next unit, if there is one."""
    worker.unit, worker.seconds = None, 0.0
    if waiting:
        unit = waiting.popleft()
        worker.unit = unit
        try:
            worker.connection.send((unit, batch_sizes.batch_size(unit.window_length)))
        except OSError:
            logger.debug("the process on %s is gone; its end is noticed next", worker.device)


def _requeue(
    lost: Worker,
    waiting: deque[Unit],
    workers: Sequence[Worker],
    batch_sizes: BatchSizes,
) -> None:
    """Put the unit of a lost worker back into the queue."""
    lost.process.join()
    cause = _cause(lost.process.exitcode or 0)
    if not workers:
        raise ResumableError(
            f"The process on {lost.device} ended {cause}, and it was the last one; look for the "
            "cause in the system's log (memory?)."
        )
    logger.warning("the process on %s ended %s; reassigning its regions", lost.device, cause)
    if lost.unit is not None:
        waiting.appendleft(lost.unit)
    for worker in workers:
        if worker.unit is None:
            _assign(worker, waiting, batch_sizes)


def _end(worker: Worker) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()


def _cause(exit_code: int) -> str:
    return (
        f"by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"with exit code {exit_code}"
    )
