"""Locks between processes; the kernel drops them when a process ends in any way."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transgenic_dagster.errors import RunError, TransgenicError

logger = logging.getLogger(__name__)


@contextmanager
def file_lock(
    path: Path,
    *,
    shared: bool = False,
    busy: str,
    wait: bool = False,
    error: type[TransgenicError] = RunError,
) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: the lock file; it is made, with its folder, and stays.
        shared: whether others may hold it in the same way.
        busy: one sentence on what it means that the lock is taken.
        wait: wait for it, and say so, rather than fail.
        error: type of the error.

    Raises:
        TransgenicError: somebody else holds it; of the type that ``error`` says.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            if not wait:
                raise error(busy) from taken
            logger.info("%s Waiting.", busy)
            fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
