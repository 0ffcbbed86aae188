"""Several devices at once: one process each, which share out the units among them.

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
    """What every process of a fleet loads.

    Args:
        files: the checkpoint.
        precision: of weights and caches.
        compiled: see ``Engine``.
    """

    files: CheckpointFiles
    precision: Precision
    compiled: bool


@dataclass(frozen=True)
class _Orders:
    """What a process is told at its start."""

    device: torch.device
    threads: int
    main_process: int
    model: WorkerModel
    decoding: DecodingOptions
    read_sequences: ReadSequences


@dataclass
class _Member:
    """A process of the fleet, as the main process sees it."""

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
        batch_sizes: how many regions are decoded at once.

    Yields:
        Every unit with its sentences, in the order in which they are finished.

    Raises:
        TransgenicError: what a process raised.
        RunError: all processes are lost.
    """
    waiting = deque(units)
    devices = devices[: len(units)]
    cores = torch.get_num_threads()
    members = [
        _start(
            _Orders(
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
        for member in members:
            end.callback(_end, member)
        for member in members:
            _give(member, waiting, batch_sizes)
        while busy := {m.connection: m for m in members if m.unit is not None}:
            for ready in wait(list(busy)):
                member = busy[ready]  # type: ignore[index]  # connections come back as they went
                unit = member.unit
                try:
                    answer = member.connection.recv()
                except (EOFError, OSError):
                    members.remove(member)
                    _give_back(member, waiting, members, batch_sizes)
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                _give(member, waiting, batch_sizes)
                yield unit, answer  # type: ignore[misc]  # a busy member has a unit


def _start(orders: _Orders) -> _Member:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, orders), name=f"{orders.device}")
    process.start()
    theirs.close()
    return _Member(orders.device, process, ours)


def _give(member: _Member, waiting: deque[Unit], batch_sizes: BatchSizes) -> None:
    """Let a free process work on the next unit, if there is one."""
    member.unit = None
    if waiting:
        unit = waiting.popleft()
        member.unit = unit
        try:
            member.connection.send((unit, batch_sizes.at_once(unit.window_length)))
        except OSError:
            logger.debug("the process on %s is gone; its end is noticed next", member.device)


def _give_back(
    lost: _Member,
    waiting: deque[Unit],
    members: Sequence[_Member],
    batch_sizes: BatchSizes,
) -> None:
    """Let others do what a lost process was doing."""
    lost.process.join()
    how = lost.process.exitcode or 0
    cause = f"by {signal.Signals(-how).name}" if how < 0 else f"with exit code {how}"
    if not members:
        raise RunError(
            f"The process on {lost.device} ended {cause}, and it was the last one; look for the "
            "cause in the system's log (memory?), then continue with --resume."
        )
    logger.warning("the process on %s ended %s; its regions go to the others", lost.device, cause)
    if lost.unit is not None:
        waiting.appendleft(lost.unit)
    for member in members:
        if member.unit is None:
            _give(member, waiting, batch_sizes)


def _end(member: _Member) -> None:
    member.connection.close()
    member.process.kill()
    member.process.join()


def _serve(connection: Connection, orders: _Orders) -> None:
    """Predict units until there are no more; what goes wrong is sent to the main process."""
    end_with_parent(orders.main_process)
    # DuckDB's binding would report leaks of its own on stderr at a regular exit.
    atexit.register(os._exit, 0)
    for number in (signal.SIGINT, signal.SIGTERM):  # the main process ends this one
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(orders.threads)
    model = orders.model
    try:
        engine = Engine.load(
            model.files, orders.device, model.precision, compile_model=model.compiled
        )
        while True:
            unit, at_once = connection.recv()
            input_ids = window_ids(unit, orders.read_sequences)
            connection.send(
                engine.predict(unit.regions, input_ids, orders.decoding, at_once=at_once)
            )
    except EOFError:  # the main process needs no more
        return
    except Exception as error:
        connection.send(error)
