"""The machine that predicts: device, precision, cores and memory."""

import ctypes
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch

from transgenic_dagster.errors import MissingOnMachineError, UsageError
from transgenic_dagster.inference.bf16_gain import bf16_gain
from transgenic_dagster.model import TransgenicConfig
from transgenic_dagster.system.control_groups import memory_limits
from transgenic_dagster.system.memory import is_out_of_memory as memory_is_full
from transgenic_dagster.system.processors import granted_processors

logger = logging.getLogger(__name__)

Precision = Literal["fp32", "fp16", "bf16"]
DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}
WORTHWHILE_GAIN = 1.4
"""bf16 on a CPU must be so many times as fast as fp32 to be taken unasked."""
MEMORY_VARIABLE = "TRANSGENIC_MEMORY_MB"
MEMINFO = Path("/proc/meminfo")
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def choose_devices(name: str | None) -> tuple[torch.device, ...]:
    """The devices of that name; one GPU where there is one and no name is given.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:N``, several of them joined by commas, or ``all`` GPUs.

    Raises:
        MissingOnMachineError: this machine has no such GPU.
    """
    if name is None:
        return (torch.device("cuda" if torch.cuda.is_available() else "cpu"),)
    found = torch.cuda.device_count()
    if name == "all" and found:
        return tuple(torch.device("cuda", index) for index in range(found))
    devices = tuple(torch.device(part) for part in name.split(",")) if name != "all" else ()
    lacking = [d for d in devices if d.type == "cuda" and (d.index or 0) >= found]
    if name == "all" or lacking:
        raise MissingOnMachineError(
            f"--device {name}: this machine offers {found or 'no'} GPU{'s' * (found != 1)} to "
            "PyTorch; use --device cpu, or check the driver and CUDA_VISIBLE_DEVICES."
        )
    return devices


def choose_precision(name: str, device: torch.device, config: TransgenicConfig) -> Precision:
    """The precision of that name; ``auto`` is bf16 where that is clearly faster, else fp32.

    Args:
        name: ``auto``, ``fp32``, ``fp16`` or ``bf16``.
        device: where the model will be. GPUs that have bf16 take it; on a CPU that is measured.
        config: of the model.
    """
    if name == "auto":
        if device.type == "cuda":
            return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
        use_huge_pages()
        gain = bf16_gain(config)
        if gain < WORTHWHILE_GAIN:
            return "fp32"
        logger.info(
            "bf16 is %.1f times as fast as fp32 on this CPU and is taken; --precision fp32 or bf16 "
            "takes one whatever the machine",
            gain,
        )
        return "bf16"
    for precision in DTYPES:
        if name == precision:
            return precision
    raise ValueError(f"unknown precision {name!r}")


def memory_of(device: torch.device) -> int:
    """Bytes that a run may count on: what is free on a GPU, or on the machine and in its job.

    Where no control group limits a job, whoever starts it says in ``TRANSGENIC_MEMORY_MB`` how much
    of the machine's memory is its own.

    Raises:
        UsageError: that variable holds something other than megabytes.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    all_memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [_meminfo().get("MemAvailable", all_memory)]
    granted = os.environ.get(MEMORY_VARIABLE, "")
    if granted:
        if not (granted.isdecimal() and int(granted)):
            raise UsageError(
                f"{MEMORY_VARIABLE}={granted!r} in the environment is not a number of megabytes; "
                "correct it or unset it."
            )
        limits.append(int(granted) << 20)
    return min(limits + memory_limits())


def memory_of_each(devices: Sequence[torch.device]) -> int:
    """Bytes that each of several devices may count on; processes on the CPU share its memory."""
    shares = 1 if devices[0].type == "cuda" else len(devices)
    return min(memory_of(device) for device in devices) // shares


def usable_cores() -> int:
    """Cores that predict on the CPU: those that PyTorch takes, as far as the job was given them."""
    return min(torch.get_num_threads(), granted_processors())


def use_huge_pages() -> None:
    """Have large tensors lie in huge pages, where the kernel grants them.

    Weights and caches are read once per decoding step; in pages of 4 kB, finding them takes up to a
    sixth of that time. PyTorch looks at this variable when it allocates the first tensor of a
    process, and not again.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def keep_freed_memory() -> None:
    """Have the C library keep large blocks that are freed, for the next ones of their size.

    By default every block above 32 MB is fetched from the system and returned each time, and the
    first touch of its pages costs more than most of what an encoder layer does with it. Where
    the C library is not glibc, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def return_freed_memory() -> None:
    """Have the C library return what it has kept so far, where it is glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def swap_warning(needed: int) -> str | None:
    """A sentence for users whose machine swaps and whose memory ``needed`` bytes overflow."""
    values = _meminfo()
    swapped = values.get("SwapTotal", 0) - values.get("SwapFree", 0)
    if swapped <= 0 or needed <= values.get("MemAvailable", needed):
        return None
    return (
        f"This machine is swapping ({swapped >> 20} MB) and the model needs {needed >> 20} MB of "
        "memory: prediction will crawl. Free memory, or forbid swapping with 'systemd-run --user "
        "--scope -p MemorySwapMax=0 transgenic-annotate …'."
    )


def _meminfo() -> dict[str, int]:
    """Memory of the machine as the kernel reports it, in bytes."""
    values = {}
    for line in MEMINFO.read_text().splitlines():
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0]) * 1024
    return values


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that a device's memory is full."""
    return isinstance(error, torch.OutOfMemoryError) or memory_is_full(error)
