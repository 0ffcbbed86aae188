"""Predicts on several devices: one worker process each, which share out the units among them.

A unit goes to whichever process is free, so devices of different speed end together. What a
process was working on when it was lost goes to another one. Units are the same as on one device,
so the results are, too. A process that is stopped or hangs is lost as well: it takes far longer
for a unit than any took so far, while others go on.
"""

import atexit
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
from multiprocessing.context import SpawnProcess

import torch

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.inference.batching import BatchSizes, Unit
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import Precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.prefetch import ReadSequences, window_ids
from transgenic_dagster.model import CheckpointFiles
from transgenic_dagster.system.digested_files import DigestedFiles
from transgenic_dagster.system.parent_death import end_with_parent
from transgenic_dagster.system.signals import SIGNALS

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


@dataclass(frozen=True)
class WorkerModel:
    """Model that every worker loads.

    Args:
        files: the checkpoint.
        digested: the same files as they were read before; what has changed since is refused.
        precision: of weights and caches.
        compiled: see ``Engine``.
    """

    files: CheckpointFiles
    digested: DigestedFiles
    precision: Precision
    compiled: bool


@dataclass(frozen=True)
class _WorkerSetup:
    """Instructions for a worker at its start."""

    device: torch.device
    threads: int
    main_process: int
    model: WorkerModel
    decoding: DecodingOptions
    read_sequences: ReadSequences


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
    process: SpawnProcess
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
    patience: Patience = Patience(),  # frozen
) -> Iterator[tuple[Unit, list[PredictedSentence]]]:
    """Predict units on several devices.

    Args:
        devices: one process is started for each, but no more than there are units.
        model: what each of them loads.
        decoding: how sentences are searched.
        units: what to predict.
        read_sequences: from region ids to window sequences; called in the processes.
        batch_sizes: how many regions are decoded at a time.
        patience: how long a process may be silent.

    Yields:
        Every unit with its sentences, in the order in which they are finished.

    Raises:
        TransgenicError: what a process raised.
        ResumableError: all processes are lost.
    """
    waiting = deque(units)
    devices = devices[: len(units)]
    cores = torch.get_num_threads()
    workers = [
        _start(
            _WorkerSetup(
                device=device,
                threads=max(1, cores // len(devices)) if device.type == "cpu" else cores,
                main_process=os.getpid(),
                model=model,
                decoding=decoding,
                read_sequences=read_sequences,
            )
        )
        for device in devices
    ]
    with ExitStack() as end:
        for worker in workers:
            end.callback(_end, worker)
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


def _start(setup: _WorkerSetup) -> Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, setup), name=f"{setup.device}")
    process.start()
    theirs.close()
    return Worker(setup.device, process, ours)


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
    how = lost.process.exitcode or 0
    cause = f"by {signal.Signals(-how).name}" if how < 0 else f"with exit code {how}"
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


def _serve(connection: Connection, setup: _WorkerSetup) -> None:
    """Predict units until there are no more; what goes wrong is sent to the main process."""
    end_with_parent(setup.main_process)
    # DuckDB's binding would report leaks of its own on stderr at a regular exit.
    atexit.register(os._exit, 0)
    for number in SIGNALS:  # the main process ends this one
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(setup.threads)
    model = setup.model
    try:
        with model.digested.unchanged():
            engine = Engine.load(
                model.files, setup.device, model.precision, compile_model=model.compiled
            )
        while True:
            unit, batch_size = connection.recv()
            input_ids = window_ids(unit, setup.read_sequences)
            connection.send(
                engine.predict(unit.regions, input_ids, setup.decoding, batch_size=batch_size)
            )
    except EOFError:  # the main process needs no more
        return
    except Exception as error:
        connection.send(error)
