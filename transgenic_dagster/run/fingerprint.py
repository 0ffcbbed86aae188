"""What a run is: its inputs, model, device and options, told apart by one fingerprint.

Every door asks here, so that the same inputs and options are the same run, with the same header in
its GFF3, whichever door started it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transgenic_dagster import __version__
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.options import AnnotateOptions

if TYPE_CHECKING:
    import torch

    from transgenic_dagster.inference.batching import BatchSizes
    from transgenic_dagster.inference.beam_search import DecodingOptions
    from transgenic_dagster.inference.device import Precision
    from transgenic_dagster.model import CheckpointFiles, TransgenicConfig


_VERSIONED = (
    "max_length",
    "num_beams",
    "do_sample",
    "seed",
    "precision",
    "window_rule",
    "feature_types",
    "sorter",
    "no_sort",
)


@dataclass(frozen=True)
class ModelAndDevices:
    """Model files and devices of a run, found before any work is done; devices are of one type."""

    files: "CheckpointFiles"
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
    config = read_config(files)
    longest = config.max_decoder_position_embeddings
    if options.max_length > longest:
        raise UsageError(
            f"--max_length {options.max_length}: the model's position table ends at {longest} "
            "tokens; ask for no more."
        )
    return ModelAndDevices(files, config, devices, choose_precision(options.precision, devices[0]))


def input_digests(options: AnnotateOptions) -> dict[str, str]:
    """SHA-256 of the input files' bytes, as hexadecimal, by role."""
    return {
        "genome": _file_sha256(options.fasta_file, "genome"),
        "annotation": _file_sha256(options.gff_file, "annotation"),
    }


def _file_sha256(path: Path, role: str) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError(f"The {role} {path} does not exist; check its name.") from error
    except OSError as error:
        raise InputError(f"The {role} {path} cannot be read ({error.strerror}).") from error


def model_fingerprint(options: AnnotateOptions, machinery: ModelAndDevices) -> dict[str, str]:
    """Everything besides the input files that the results depend on."""
    values = {
        "model": machinery.files.sha256(),
        "device": machinery.device.type,
        "precision": machinery.precision,
        "max_length": options.max_length,
        "num_beams": options.num_beams,
        "do_sample": options.do_sample,
        "seed": options.seed if options.do_sample else "unused",
        "window_rule": options.window_rule,
        "feature_types": ",".join(options.feature_types),
        "sorter": options.sorting,
    }
    return {name: str(value) for name, value in values.items()}


def decoding_options(options: AnnotateOptions) -> "DecodingOptions":
    """How the options ask sentences to be searched."""
    from transgenic_dagster.inference.beam_search import DecodingOptions

    return DecodingOptions(
        num_beams=options.num_beams,
        max_length=options.max_length,
        do_sample=options.do_sample,
        seed=options.seed,
    )


def batch_sizes(
    options: AnnotateOptions, machinery: ModelAndDevices, memory_budget: int
) -> "BatchSizes":
    """How the options, and the memory that a run counts on, have regions decoded together."""
    from transgenic_dagster.inference.batching import BatchSizes
    from transgenic_dagster.inference.device import DTYPES

    return BatchSizes(
        config=machinery.config,
        num_beams=options.num_beams,
        max_length=options.max_length,
        dtype_bytes=DTYPES[machinery.precision].itemsize,
        on_gpu=machinery.device.type == "cuda",
        memory_budget=memory_budget,
        fixed=None if options.batch_size == "auto" else options.batch_size,
    )


def provenance(options: AnnotateOptions, fingerprint: dict[str, str]) -> dict[str, str]:
    """What the GFF3 header says of where it comes from."""
    return {
        "transgenic-dagster": __version__,
        "model": options.model,
        "options": json.dumps(fingerprint, sort_keys=True),
    }


def annotation_version(options: AnnotateOptions) -> str:
    """A short text that changes when the model, or an option that changes results, does.

    It names the model and its revision. A model in a local folder counts with the size and time
    of its files, for reading gigabytes of weights would take too long to do it often.
    """
    chosen = {name: getattr(options, name) for name in _VERSIONED}
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True, default=str).encode())
    folder = Path(options.model)
    model = f"{options.model}@{options.revision or 'main'}"
    if folder.is_dir():
        model = f"{folder.name}@{options.revision or 'local'}"
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            status = path.stat()
            digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return f"{model} {digest.hexdigest()[:12]}"
