"""Locks between processes; the kernel drops them when a process ends in any way."""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from transgenic_dagster.errors import RunError, TransgenicError
from transgenic_dagster.system.claims import claim
from transgenic_dagster.system.passing_files import passing_file

logger = logging.getLogger(__name__)

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


@contextmanager
def file_lock(
    path: Path,
    *,
    busy: str,
    shared: bool = False,
    wait: bool = False,
    remove: bool = False,
    error: type[TransgenicError] = RunError,
) -> Iterator[None]:
    """Hold a lock file.

    On a file system without flock, a ``claim`` beside the lock file takes its place.

    Args:
        path: the lock file; it is made, with its folder.
        remove: remove the lock file in the end; where a process is killed, it stays until the next
            holder removes it.
        busy: one sentence on what it means that the lock is taken.
        shared: whether others may hold it in the same way.
        wait: wait for it, and say so, rather than fail.
        error: what to raise where somebody else holds it.

    Raises:
        TransgenicError: somebody else holds it; of the class ``error``.
        OSError: the lock file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with ExitStack() as stack:
        while True:
            descriptor = os.open(path, _FLAGS, 0o644)
            stack.callback(os.close, descriptor)
            try:
                _flock(descriptor, kind, busy=busy, wait=wait, error=error)
            except OSError as failure:
                if failure.errno not in _NO_FLOCK:
                    raise
                _note_claims()
                stack.enter_context(claim(path, shared=shared, busy=busy, wait=wait, error=error))
                break
            # The holder before may have removed the file that this process waited for.
            if _is_still(path, descriptor):
                break
        if remove:
            stack.enter_context(passing_file(path))  # removed while the lock is held
        yield


def _flock(
    descriptor: int, kind: int, *, busy: str, wait: bool, error: type[TransgenicError]
) -> None:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        if not wait:
            raise error(busy) from taken
        logger.info("%s Waiting.", busy)
        fcntl.flock(descriptor, kind)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@cache
def _note_claims() -> None:
    """Note, once in a process, that flock is missing."""
    logger.warning(
        "The file system has no file locks (flock): files that name the process and its host take"
        " their place."
    )
