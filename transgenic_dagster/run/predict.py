"""Loads the model on the devices of a run and predicts what is left of some pieces."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager

from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.fingerprint import ModelAndDevices, batch_sizes, decoding_options
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.stages import Loading, OnUnit, predict, predict_on_several

logger = logging.getLogger(__name__)


def load_and_predict(
    folder: RunFolder,
    pieces: Sequence[str],
    options: AnnotateOptions,
    machinery: ModelAndDevices,
    memory_budget: int,
    *,
    showing: AbstractContextManager[None],
    on_unit: OnUnit,
) -> None:
    """Predict all regions of some pieces that are not journaled yet, on one device or several.

    Args:
        folder: the run folder; its region database must be there.
        pieces: names of pieces, predicted in this order.
        options: of the run.
        machinery: model files and devices.
        memory_budget: bytes that automatic batch sizes go by.
        showing: entered when the model is loaded (on several devices, when that begins), left
            at the end; progress is shown inside, so that rates do not count the loading.
        on_unit: told after each unit is safe.

    Raises:
        TransgenicError: one sentence; what is journaled stays.
    """
    from transgenic_dagster.inference.device import swap_warning
    from transgenic_dagster.inference.engine import Engine
    from transgenic_dagster.inference.worker_pool import WorkerModel

    if warning := swap_warning(sum(path.stat().st_size for path in machinery.files.weights)):
        logger.warning(warning)
    logger.info(
        "loading the model %s on %s in %s",
        options.model,
        ", ".join(str(device) for device in machinery.devices),
        machinery.precision,
    )
    decoding = decoding_options(options)
    sizes = batch_sizes(options, machinery, memory_budget)
    if len(machinery.devices) > 1:
        model = WorkerModel(machinery.files, machinery.precision, options.compile)
        with showing:
            predict_on_several(
                folder,
                pieces,
                machinery.devices,
                model,
                decoding,
                batch_sizes=sizes,
                on_unit=on_unit,
            )
        return
    engine = Engine.load(
        machinery.files, machinery.device, machinery.precision, compile_model=options.compile
    )
    with showing:
        predict(
            folder,
            pieces,
            engine,
            decoding,
            batch_sizes=sizes,
            loading=Loading(options.num_workers, options.prefetch_factor),
            on_unit=on_unit,
        )
