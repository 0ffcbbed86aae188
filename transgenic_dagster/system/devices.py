"""Devices of this machine, found without importing torch, and the lease of one for a process.

    with leased_gpu():
        ...  # CUDA sees one device

The lease is a lock on a file (flock), so it ends with the process, however that ends.
"""

import fcntl
import logging
import multiprocessing
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.parent_death import end_with_parent

DEVICES_VARIABLE = "TRANSGENIC_GPU_DEVICES"
CUDA_VARIABLE = "CUDA_VISIBLE_DEVICES"
CPU = "cpu"
"""Stands for the machine itself where it has no GPU."""

LEASES_VARIABLE = "TRANSGENIC_LEASES"
GIVEN_VARIABLE = "TRANSGENIC_GPU_GIVEN"
"""Set where something else, such as Slurm, has given this process its device."""
_SECONDS_BETWEEN_TRIES = 0.2

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


def lease_folder() -> Path:
    """Folder of the lock files: one per machine and user, shared by all labs."""
    default = Path(tempfile.gettempdir()) / f"transgenic-leases-{os.getuid()}"
    return Path(os.environ.get(LEASES_VARIABLE) or default)


def lock_file(device: str) -> Path:
    """File whose lock is the lease of a device."""
    return lease_folder() / f"{device.replace('/', '_')}.lock"


def try_to_lease(device: str) -> int | None:
    """Lease a device if it is free.

    Returns:
        The file descriptor that holds the lease; None where another process holds it.
    """
    lock_file(device).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(
        lock_file(device), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.utime(descriptor)  # cleaners of temporary folders remove old files
    return descriptor


@contextmanager
def leased_gpu() -> Iterator[str | None]:
    """Have a device for this process alone, waiting for a free one; without a GPU, the CPU.

    The process ends with the one that started it, if that is Dagster's executor. CUDA must not be
    in use before.

    Yields:
        The device; None where something else has given it.

    Raises:
        UsageError: a variable holds something that cannot name a device.
    """
    if GIVEN_VARIABLE in os.environ:
        yield None
        return
    if (executor := multiprocessing.parent_process()) is not None and executor.pid is not None:
        end_with_parent(executor.pid)
    device, descriptor = _lease_one(leasable_devices())
    before = os.environ.get(CUDA_VARIABLE)
    if device != CPU:
        os.environ[CUDA_VARIABLE] = device
    try:
        yield device
    finally:
        os.close(descriptor)
        if before is None:
            os.environ.pop(CUDA_VARIABLE, None)
        else:
            os.environ[CUDA_VARIABLE] = before


def _lease_one(devices: Sequence[str]) -> tuple[str, int]:
    waiting = False
    while True:
        for device in devices:
            if (descriptor := try_to_lease(device)) is not None:
                return device, descriptor
        if not waiting:
            logger.info("waiting for a free device among %s", ", ".join(devices))
            waiting = True
        time.sleep(_SECONDS_BETWEEN_TRIES)
