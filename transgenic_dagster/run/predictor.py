"""Predicts the units of a run where it has been put: in this process, or in several."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.model_and_devices import (
    ModelAndDevices,
    decoding_options,
    parameter_count,
)

if TYPE_CHECKING:
    import torch

    from transgenic_dagster.inference.batching import BatchSizes, Unit
    from transgenic_dagster.inference.engine import Engine
    from transgenic_dagster.inference.worker_process import WorkerModel
    from transgenic_dagster.model import TransgenicConfig

ReadSequences = Callable[[Sequence[int]], dict[int, str]]
"""From region ids to window sequences; called in other processes, too."""


@dataclass(frozen=True)
class Predictor:
    """What predicts.

    Args:
        options: of the run.
        found: model and devices.
        read_sequences: reads windows.
        engine: the model, where this process predicts.
        alone: on one device, in one process.
    """

    options: AnnotateOptions
    found: ModelAndDevices
    read_sequences: ReadSequences
    engine: "Engine | None" = None
    alone: bool = False

    @classmethod
    def ready(
        cls,
        options: AnnotateOptions,
        found: ModelAndDevices,
        read_sequences: ReadSequences,
        work: "Sequence[tuple[BatchSizes, Sequence[Unit]]]",
    ) -> "Predictor":
        """Choose where to predict; where this process does, load the model.

        Raises:
            TransgenicError: the model cannot be loaded.
        """
        predictor = cls(options, found, read_sequences)
        if any(predictor._most_processes(units, sizes) > 1 for sizes, units in work):
            return predictor
        return replace(predictor, engine=predictor._model().load(found.device))

    def predict(
        self, units: "Sequence[Unit]", sizes: "BatchSizes"
    ) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
        """Predict units; on several devices, or cores, in any order."""
        if self.engine is not None:
            return self._predict_here(self.engine, units, sizes)
        return self._predict_on_workers(units, sizes)

    def in_one_process(self) -> "Predictor":
        """The same with one process, so that it has all the memory."""
        return replace(self, alone=True)

    def _predict_here(
        self, engine: "Engine", units: "Sequence[Unit]", sizes: "BatchSizes"
    ) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
        from transgenic_dagster.inference.prefetch import load_units

        decoding = decoding_options(self.options)
        loaded = load_units(
            units,
            self.read_sequences,
            num_workers=self.options.num_workers,
            prefetch_factor=self.options.prefetch_factor,
        )
        for unit, input_ids in loaded:
            batch_size = sizes.batch_size(unit.window_length)
            yield unit, engine.predict_unit(unit, input_ids, decoding, batch_size)

    def _predict_on_workers(
        self, units: "Sequence[Unit]", sizes: "BatchSizes"
    ) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
        """A process for each device (one that is named twice has two).

        The CPU that is named once may have several, as many as do most together.
        """
        from transgenic_dagster.inference.worker_pool import predict_on_workers

        found = self.found
        processes = 1 if self.alone else self._most_processes(units, sizes)
        fitted = processes > len(found.devices)
        return predict_on_workers(
            found.devices * processes if fitted else found.devices[:processes],
            self._model(),
            decoding_options(self.options),
            units,
            self.read_sequences,
            sizes,
            fitted=fitted,
        )

    def _model(self) -> "WorkerModel":
        from transgenic_dagster.inference.worker_process import WorkerModel

        found = self.found
        return WorkerModel(found.files, found.model, found.precision, self.options.compile)

    def _most_processes(self, units: "Sequence[Unit]", sizes: "BatchSizes") -> int:
        lengths = {unit.window_length for unit in units}
        found = self.found
        return most_processes(self.options, found.config, found.devices, sizes, lengths, len(units))


def most_processes(
    options: AnnotateOptions,
    config: "TransgenicConfig",
    devices: "Sequence[torch.device]",
    sizes: "BatchSizes",
    window_lengths: Collection[int],
    units: int,
) -> int:
    """Processes that predict at most: one for each device, or more where cores can be split.

    Args:
        options: of the run.
        config: of the model.
        devices: of the run; a single CPU may be split.
        sizes: of its batches.
        window_lengths: of its units, in nucleotides.
        units: how many there are.
    """
    from transgenic_dagster.inference.core_split import most_processes as most_on_cpu
    from transgenic_dagster.inference.device import memory_of, usable_cores

    # Compiling takes longer than it saves on a CPU, in each process anew.
    if len(devices) > 1 or devices[0].type != "cpu" or options.compile:
        return len(devices)
    memory = memory_of(devices[0])
    parameters = parameter_count(config)
    return most_on_cpu(usable_cores(), sizes, parameters, window_lengths, units, memory)
