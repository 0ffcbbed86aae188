"""Predicts on several devices: one worker process each, which share out the units among them.

A unit goes to whichever process is free, so devices of different speed end together. What a
process was working on when it was lost goes to another one. Units are the same as on one device,
so the results are, too.
"""

import atexit
import logging
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from transgenic_dagster.errors import RunError
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.inference.batching import BatchSizes, Unit
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import Precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.prefetch import ReadSequences, window_ids
from transgenic_dagster.model import CheckpointFiles
from transgenic_dagster.system.parent_death import end_with_parent

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerModel:
    """Model that every worker loads.

    Args:
        files: the checkpoint.
        precision: of weights and caches.
        compiled: see ``Engine``.
    """

    files: CheckpointFiles
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
    """A process that predicts on one device, as the main process sees it."""

    device: torch.device
    process: SpawnProcess
    connection: Connection
    unit: Unit | None = None


def predict_on_workers(
    devices: Sequence[torch.device],
    model: WorkerModel,
    decoding: DecodingOptions,
    units: Sequence[Unit],
    read_sequences: ReadSequences,
    batch_sizes: BatchSizes,
) -> Iterator[tuple[Unit, list[PredictedSentence]]]:
    """Predict units on several devices.

    Args:
        devices: one process is started for each, but no more than there are units.
        model: what each of them loads.
        decoding: how sentences are searched.
        units: what to predict.
        read_sequences: from region ids to window sequences; called in the processes.
        batch_sizes: how many regions are decoded at a time.

    Yields:
        Every unit with its sentences, in the order in which they are finished.

    Raises:
        TransgenicError: what a process raised.
        RunError: all processes are lost.
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
        while busy := {worker.connection: worker for worker in workers if worker.unit is not None}:
            for ready in wait(list(busy)):
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
    worker.unit = None
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
        raise RunError(
            f"The process on {lost.device} ended {cause}, and it was the last one; look for the "
            "cause in the system's log (memory?), then continue with --resume."
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
    for number in (signal.SIGINT, signal.SIGTERM):  # the main process ends this one
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(setup.threads)
    model = setup.model
    try:
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
