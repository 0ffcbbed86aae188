"""What a process of the worker pool does: it has a model and predicts the units it is given."""

import atexit
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection

import torch

from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import Precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.prefetch import ReadSequences, window_ids
from transgenic_dagster.model import CheckpointFiles
from transgenic_dagster.system.digested_files import DigestedFiles
from transgenic_dagster.system.signals import bind_to_main_process


@dataclass(frozen=True)
class WorkerModel:
    """Model that workers load.

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

    def load(self, device: torch.device) -> Engine:
        """Load it.

        Raises:
            TransgenicError: the files have changed, or do not fit.
        """
        with self.digested.unchanged():
            return Engine.load(self.files, device, self.precision, compile_model=self.compiled)


@dataclass(frozen=True)
class WorkerSetup:
    """Instructions for a process at its start.

    Args:
        main_process: its process id.
        model: what is loaded.
        decoding: how sentences are searched.
        read_sequences: from region ids to window sequences.
    """

    main_process: int
    model: WorkerModel
    decoding: DecodingOptions
    read_sequences: ReadSequences

    def begin(self) -> None:
        """Bind this process to the main one."""
        bind_to_main_process(self.main_process)
        # DuckDB's binding would report leaks of its own on stderr at a regular exit.
        atexit.register(os._exit, 0)


def work_on_device(connection: Connection, device: torch.device, setup: WorkerSetup) -> None:
    """Load the model on a device of one's own and predict there; errors go to the main process."""
    setup.begin()
    try:
        engine = setup.model.load(device)
    except Exception as error:
        connection.send(error)
    else:
        predict_units(connection, engine, setup)


def predict_units(connection: Connection, engine: Engine, setup: WorkerSetup) -> None:
    """Predict units until there are no more; what goes wrong is sent to the main process."""
    try:
        while True:
            unit, batch_size = connection.recv()
            input_ids = window_ids(unit, setup.read_sequences)
            connection.send(engine.predict_unit(unit, input_ids, setup.decoding, batch_size))
    except EOFError:  # the main process needs no more
        return
    except Exception as error:
        connection.send(error)
