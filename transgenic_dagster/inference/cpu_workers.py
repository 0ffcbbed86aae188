"""Processes that predict on the CPU, each on cores of its own, with one copy of the weights.

One process loads the model and forks the others: whatever it holds, in whatever layout, is theirs,
too, until they write to it. It never computes with more than one thread, since OpenMP's threads do
not survive a fork, and opens no database. The main process cannot wait for processes that it has
not started, so that one tells it how they end.
"""

import gc
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection

import torch

from transgenic_dagster.inference.core_split import best_split, core_shares, take_cores, work_rate
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.worker_process import WorkerSetup, predict_units
from transgenic_dagster.system.memory import is_out_of_memory
from transgenic_dagster.system.parent_death import end_with_parent

CPU = torch.device("cpu")
_LONGEST_MEASUREMENT = 60
"""Seconds; whatever has not worked by then does not count."""


@dataclass(frozen=True)
class CpuSetup:
    """Instructions for the process that has the model.

    Args:
        worker: for those that it forks.
        cores: for all of them.
        fitted: as many are forked as do most together, rather than all.
    """

    worker: WorkerSetup
    cores: int
    fitted: bool


class ForkedProcess:
    """A process that predicts, as the main process sees it: like those of ``multiprocessing``.

    Args:
        pid: its process id.
        model_process: which has forked it.
    """

    def __init__(self, pid: int, model_process: "ModelProcess") -> None:
        self._pid, self._model_process = pid, model_process
        self.exitcode: int | None = None

    def kill(self) -> None:
        """End it, unless it has ended."""
        if self.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def join(self) -> None:
        """Wait until it has ended."""
        self.exitcode = self._model_process.exit_code(self._pid)


class ModelProcess:
    """The process that has the model, as the main process sees it.

    Args:
        setup: its instructions.
        most: processes that it may fork.
    """

    def __init__(self, setup: CpuSetup, most: int) -> None:
        context = get_context("spawn")
        self._reports, theirs = context.Pipe(duplex=False)
        pipes = [context.Pipe() for _ in range(most)]
        self._connections = [ours for ours, _ in pipes]
        others = [other for _, other in pipes]
        self._process = context.Process(
            target=_hold_model, args=(theirs, others, setup), name="model"
        )
        self._process.start()
        for connection in (theirs, *others):
            connection.close()
        self._exit_codes: dict[int, int] = {}

    def forked(self) -> list[tuple[ForkedProcess, Connection]]:
        """Wait for the processes that it forks, each with the connection to it.

        Raises:
            TransgenicError: what it raised instead.
            EOFError: it was lost.
        """
        answer = self._reports.recv()
        if isinstance(answer, BaseException):
            raise answer
        for unused in self._connections[len(answer) :]:
            unused.close()
        processes = [ForkedProcess(pid, self) for pid in answer]
        return list(zip(processes, self._connections, strict=False))

    def exit_code(self, pid: int) -> int:
        """Wait until a forked process has ended; its exit code, or that of this one, if lost."""
        while pid not in self._exit_codes:
            try:
                ended, code = self._reports.recv()
            except (EOFError, OSError):
                return self.end()
            self._exit_codes[ended] = code
        return self._exit_codes[pid]

    def end(self) -> int:
        """End it, and with it all that it has forked; its exit code."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode or 0


def _hold_model(reports: Connection, connections: list[Connection], setup: CpuSetup) -> None:
    """Load the model, fork the processes that predict, and report how they end."""
    setup.worker.begin()
    torch.set_num_threads(1)
    try:
        engine = setup.worker.model.load(CPU)
        gc.freeze()  # marking what is shared would copy it
        processes = len(connections)
        if setup.fitted:
            processes = best_split(processes, partial(joint_rate, engine, setup.cores))
        shares = core_shares(setup.cores, processes)
        forked = _fork_workers(connections, shares, engine, setup)
    except Exception as error:
        reports.send(error)
        return
    reports.send(forked)
    for _ in forked:
        pid, status = os.wait()
        reports.send((pid, os.waitstatus_to_exitcode(status)))


def _fork_workers(
    connections: list[Connection], shares: list[int], engine: Engine, setup: CpuSetup
) -> list[int]:
    """Fork a process for each share of the cores, fewer where memory is short; process ids.

    Raises:
        OSError: there is no memory for one.
    """
    forked: list[int] = []
    for number in range(len(shares)):
        try:
            pid = _fork(partial(_work, connections[number:], shares, number, engine, setup))
        except OSError as error:
            if not (forked and is_out_of_memory(error)):
                raise
            break
        forked.append(pid)
        connections[number].close()
    return forked


def _work(
    connections: list[Connection], shares: list[int], number: int, engine: Engine, setup: CpuSetup
) -> None:
    """Predict on some of the cores, connected by the first of the connections that are left."""
    connection, *others = connections
    for other in others:
        other.close()
    take_cores(shares, number)
    predict_units(connection, engine, setup.worker)


def joint_rate(engine: Engine, cores: int, processes: int) -> float:
    """What so many processes do in a second, all together; 0 where memory does not suffice."""
    shares = core_shares(cores, processes)
    gate, opened = Pipe(duplex=False)
    answers: list[Connection] = []
    with ExitStack() as end:
        for connection in (gate, opened):
            end.callback(connection.close)
        try:
            for number in range(processes):
                ours, theirs = Pipe(duplex=False)
                end.callback(ours.close)
                with closing(theirs):
                    pid = _fork(partial(_measure, engine, shares, number, theirs, (gate, opened)))
                end.callback(_finish, pid)
                answers.append(ours)
            _received(answers)  # all are ready
            opened.close()
            return sum(_received(answers))
        except (EOFError, OSError):
            return 0.0


def _measure(
    engine: Engine,
    shares: list[int],
    number: int,
    answers: Connection,
    barrier: tuple[Connection, Connection],
) -> None:
    """Tell that this process is ready, then, when all are, the rate at which it works."""
    gate, opened = barrier
    opened.close()

    def wait_for_others() -> None:
        answers.send(0.0)
        with suppress(EOFError):  # so it is opened
            gate.recv()

    take_cores(shares, number)
    answers.send(work_rate(engine, wait_for_others))


def _received(connections: list[Connection]) -> list[float]:
    """The next number from each connection.

    Raises:
        EOFError: a process has ended, or is not heard of.
    """
    received = []
    for connection in connections:
        if not connection.poll(_LONGEST_MEASUREMENT):
            raise EOFError
        received.append(connection.recv())
    return received


def _finish(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _fork(work: Callable[[], None]) -> int:
    """Fork a process that does some work and ends; its process id.

    Raises:
        OSError: there is no memory for it.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        end_with_parent(parent)
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
