"""Reading weight files: named tensors of plain numbers, whoever wrote the file."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open

from transgenic_dagster.errors import CheckpointError
from transgenic_dagster.system.memory import is_out_of_memory

WEIGHT_DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_LONGEST_HEADER = 100_000_000  # the library's limit


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read a ``.safetensors`` file or a pickle of tensors, of which nothing is executed.

    Returns:
        Tensors by name, on the CPU; none is larger than its share of the file.

    Raises:
        CheckpointError: the file is damaged, or holds something other than named tensors of
            floating-point numbers.
    """
    try:
        values = _load(path)
    except Exception as error:  # what parsers of damaged data raise is not a closed list
        if is_out_of_memory(error):
            raise
        first_line = (str(error).strip() or repr(error)).splitlines()[0]
        raise CheckpointError(
            f"Weights {path} cannot be read ({first_line}); fetch the checkpoint again."
        ) from error
    if not isinstance(values, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in values.items()
    ):
        raise CheckpointError(f"Weights {path} hold something other than named tensors.")
    for key, tensor in values.items():
        _check_kind(path, key, tensor)
    return values


def check_finite(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Look for NaN and Inf among weights.

    Raises:
        CheckpointError: there is one; the message names the tensor.
    """
    for key, tensor in tensors.items():
        # A finite sum, which is cheap, says that all are finite; the converse does not hold.
        if not tensor.sum().isfinite() and not tensor.isfinite().all():
            raise CheckpointError(
                f"Weights {path}: tensor {key} holds NaN or infinite values; fetch the "
                "checkpoint again."
            )


def _load(path: Path) -> object:
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > path.stat().st_size:
            raise CheckpointError(f"it unpacks to {unpacked:,} bytes, more than it has")
    return torch.load(path, map_location="cpu", weights_only=True)


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """Read tensors without mapping the file: cut short meanwhile, it would end the process.

    The library reads a stand-in in memory with the same header, and holes in place of the numbers.
    """
    tensors = {}
    with path.open("rb") as file, os.fdopen(os.memfd_create("header"), "wb") as stand_in:
        header_length = file.read(8)
        header = file.read(min(int.from_bytes(header_length, "little"), _LONGEST_HEADER))
        stand_in.write(header_length + header)
        stand_in.truncate(os.fstat(file.fileno()).st_size)
        with safe_open(f"/proc/self/fd/{stand_in.fileno()}", framework="pt") as described:
            for key in described.offset_keys():  # in the order of the file, without gaps
                tensor = torch.empty_like(described.get_tensor(key))
                content = tensor.reshape(-1).view(torch.uint8).numpy().data
                if file.readinto(content) != len(content):
                    raise CheckpointError(f"it ends inside the tensor {key}")
                tensors[key] = tensor
    return tensors


def _check_kind(path: Path, key: str, tensor: torch.Tensor) -> None:
    plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
    if not plain or tensor.dtype not in WEIGHT_DTYPES:
        kind = str(tensor.dtype if plain else tensor.layout).removeprefix("torch.")
        raise CheckpointError(
            f"Weights {path}: tensor {key} is {kind}, not floating-point numbers; fetch the "
            "checkpoint again."
        )
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise CheckpointError(
            f"Weights {path}: tensor {key} of shape {tuple(tensor.shape)} is larger than what the "
            "file holds of it; fetch the checkpoint again."
        )
