"""GPUs of this machine, found without importing torch."""

import logging
import os
import re
import shutil
import subprocess

from transgenic_dagster.errors import UsageError

DEVICES_VARIABLE = "TRANSGENIC_GPU_DEVICES"
CUDA_VARIABLE = "CUDA_VISIBLE_DEVICES"
CPU = "cpu"
"""Stands for the machine itself where it has no GPU."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*")
_DRIVER_SECONDS = 60

logger = logging.getLogger(__name__)


def gpu_devices() -> tuple[str, ...]:
    """GPUs that steps may use, by the names that ``CUDA_VISIBLE_DEVICES`` takes.

    These are what ``TRANSGENIC_GPU_DEVICES`` lists (``0,1``; empty for none), else what
    ``CUDA_VISIBLE_DEVICES`` leaves visible, else what ``nvidia-smi`` finds.

    Raises:
        UsageError: a variable holds something that cannot name a device.
    """
    for variable in (DEVICES_VARIABLE, CUDA_VARIABLE):
        if variable in os.environ:
            return _parse(variable, os.environ[variable])
    return _listed_by_driver()


def leasable_devices() -> tuple[str, ...]:
    """Devices that GPU steps share, one step at a time on each: the GPUs, or else the CPU."""
    return gpu_devices() or (CPU,)


def _parse(variable: str, value: str) -> tuple[str, ...]:
    names = []
    for name in (part.strip() for part in value.split(",")):
        if not name:
            continue
        if name == "-1":  # CUDA reads no further
            break
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{variable}={value}: {name!r} is not a device; list numbers or UUIDs of "
                "GPUs, such as 0,1, or leave it empty to use no GPU."
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


def _listed_by_driver() -> tuple[str, ...]:
    """UUIDs of the GPUs: CUDA may number devices differently from the driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        listed = subprocess.run(
            [program, "--query-gpu=uuid", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_DRIVER_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("nvidia-smi cannot list this machine's GPUs (%s); using the CPU", error)
        return ()
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip())
