"""Locks for file systems without flock: one empty file per holder, which names its process."""

import logging
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.system.passing_files import passing_file
from transgenic_dagster.system.processes import has_ended, process_name

logger = logging.getLogger(__name__)

_SHARED, _EXCLUSIVE = ".shared", ".exclusive"
_SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def claim(
    path: Path, *, shared: bool, busy: str, wait: bool, error: type[TransgenicError]
) -> Iterator[None]:
    """Hold a lock by a file beside ``path``, named after this process.

    Two that come at the same moment may both find the lock taken, but never both free. The claim
    of a process that was killed on this host counts no longer; one of another host has to be
    deleted by hand, as the message says.

    Args:
        path: the lock.
        shared: whether others may hold it in the same way.
        busy: one sentence on what it means that the lock is taken.
        wait: wait for it, and say so, rather than fail.
        error: what to raise where somebody else holds it.

    Raises:
        TransgenicError: somebody else holds it; of the class ``error``.
    """
    kind = _SHARED if shared else _EXCLUSIVE
    mine = path.with_name(f"{path.name}.{process_name()}.{secrets.token_hex(4)}{kind}")
    said = False
    while True:
        # Waiting leaves no claim behind that others would meet.
        other = _conflicting(path, mine) or _add(path, mine)
        if other is None:
            break
        if not wait:
            raise error(f"{busy} ({other} says so: delete it if its process has ended.)")
        if not said:
            logger.info("%s Waiting.", busy)
            said = True
        time.sleep(_SECONDS_BETWEEN_TRIES * random.uniform(0.5, 1.5))
    with passing_file(mine):
        yield


def _add(path: Path, mine: Path) -> Path | None:
    """Add the claim unless another was added meanwhile, which is returned."""
    mine.touch(exist_ok=False)
    other = _conflicting(path, mine)
    if other is not None:
        mine.unlink(missing_ok=True)
    return other


def _conflicting(path: Path, mine: Path) -> Path | None:
    """Return a claim of another that does not go together with this one."""
    for other in sorted(path.parent.iterdir()):
        if not other.name.startswith(path.name + ".") or other == mine:
            continue
        both_share = other.suffix == mine.suffix == _SHARED
        if other.suffix not in {_SHARED, _EXCLUSIVE} or both_share:
            continue
        owner, _, _ = other.name.removeprefix(path.name + ".").rpartition(".")[0].rpartition(".")
        if not has_ended(owner):
            return other
        other.unlink(missing_ok=True)
    return None
