"""Lease of a device that no other step uses.

    with leased_gpu():
        ...  # CUDA sees one device

The lease is a lock on a file (flock), so it ends with the process, however that ends.
"""

import fcntl
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from transgenic_dagster.executors.devices import CPU, CUDA_VARIABLE, leasable_devices
from transgenic_dagster.system.parent_death import end_with_parent

LEASES_VARIABLE = "TRANSGENIC_LEASES"
GIVEN_VARIABLE = "TRANSGENIC_GPU_GIVEN"
"""Set where something else, such as Slurm, has given this process its device."""
_SECONDS_BETWEEN_TRIES = 0.2

logger = logging.getLogger(__name__)


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
