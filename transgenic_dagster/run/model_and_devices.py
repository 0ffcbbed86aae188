"""Model files and devices of a run, and what follows from them and the options."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transgenic_dagster.errors import CheckpointError, UsageError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.system.digested_files import DigestedFiles

if TYPE_CHECKING:
    import torch

    from transgenic_dagster.inference.batching import BatchSizes
    from transgenic_dagster.inference.beam_search import DecodingOptions
    from transgenic_dagster.inference.device import Precision
    from transgenic_dagster.model import CheckpointFiles, TransgenicConfig


@dataclass(frozen=True)
class ModelAndDevices:
    """Model files and devices, found before any work is done; devices are of one type.

    Args:
        files: of the model.
        model: the same files as they were read first.
        config: of the model.
        devices: at least one.
        precision: of weights and caches there.
    """

    files: "CheckpointFiles"
    model: DigestedFiles
    config: "TransgenicConfig"
    devices: "tuple[torch.device, ...]"
    precision: "Precision"

    @property
    def device(self) -> "torch.device":
        """The first device."""
        return self.devices[0]


def find_model_and_devices(options: AnnotateOptions) -> ModelAndDevices:
    """Find devices and model files, and check what can be checked before any work is done.

    Raises:
        TransgenicError: the device or the model is not there, or the model cannot do this.
    """
    from transgenic_dagster.inference.device import choose_devices, choose_precision
    from transgenic_dagster.model import read_config, resolve_checkpoint

    devices = choose_devices(options.device)
    files = resolve_checkpoint(options.model, revision=options.revision, offline=options.offline)
    longest = read_config(files).max_decoder_position_embeddings
    if options.max_length > longest:
        raise UsageError(
            f"--max_length {options.max_length}: the model's position table ends at {longest} "
            "tokens; ask for no more."
        )
    try:
        model = DigestedFiles.read(files.config, *files.weights)
    except OSError as error:
        raise CheckpointError(
            f"The model file {error.filename} cannot be read ({error.strerror})."
        ) from error
    with model.unchanged():
        config = read_config(files)
    precision = choose_precision(options.precision, devices[0], config)
    return ModelAndDevices(files, model, config, devices, precision)


def decoding_options(options: AnnotateOptions) -> "DecodingOptions":
    """The search that the options ask for."""
    from transgenic_dagster.inference.beam_search import DecodingOptions

    return DecodingOptions(
        num_beams=options.num_beams,
        max_length=options.max_length,
        do_sample=options.do_sample,
        seed=options.seed,
        grammar=options.grammar == "on",
    )


def batch_sizes(
    options: AnnotateOptions,
    config: "TransgenicConfig",
    device: "torch.device",
    precision: "Precision",
    memory_budget: int,
) -> "BatchSizes":
    """Batch sizes that follow from the options, the model and the memory that a run counts on."""
    from transgenic_dagster.inference.batching import BatchSizes
    from transgenic_dagster.inference.device import DTYPES

    return BatchSizes(
        config=config,
        num_beams=options.num_beams,
        max_length=options.max_length,
        dtype_bytes=DTYPES[precision].itemsize,
        on_gpu=device.type == "cuda",
        memory_budget=memory_budget,
        fixed=None if options.batch_size == "auto" else options.batch_size,
    )


def parameter_count(config: "TransgenicConfig") -> int:
    """Number of parameters of a model; none is allocated."""
    import torch

    from transgenic_dagster.model import TransgenicForConditionalGeneration

    with torch.device("meta"):
        return TransgenicForConditionalGeneration(config).num_parameters()
