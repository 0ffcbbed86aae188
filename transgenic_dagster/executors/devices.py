"""Which GPUs this machine offers, found without importing torch."""

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
    """The GPUs that steps may use, by the names that ``CUDA_VISIBLE_DEVICES`` takes.

    They are what ``TRANSGENIC_GPU_DEVICES`` lists (``0,1``; empty for none), else what
    ``CUDA_VISIBLE_DEVICES`` leaves visible, else what ``nvidia-smi`` finds.

    Raises:
        UsageError: a name that cannot be a device's.
    """
    for variable in (DEVICES_VARIABLE, CUDA_VARIABLE):
        if variable in os.environ:
            return _parse(variable, os.environ[variable])
    return _listed_by_driver()


def leasable_devices() -> tuple[str, ...]:
    """What GPU steps share, one step at a time on each: the GPUs, or else the CPU."""
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
                f"{variable}={value}: {name!r} is no device; list numbers or UUIDs of GPUs, such "
                "as 0,1, or nothing for none."
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


def _listed_by_driver() -> tuple[str, ...]:
    """UUIDs: numbers mean other devices to CUDA than to the driver, depending on settings."""
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
        logger.warning("nvidia-smi does not list this machine's GPUs (%s): using the CPU", error)
        return ()
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip())
