"""Locks of a run's outputs: two runs never write the same file at the same time."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.locks import file_lock

_LONGEST_NAME = 100  # bytes; a file system allows 255, and a claim adds a process and its host


@contextmanager
def locked_outputs(outputs: Iterable[Path]) -> Iterator[None]:
    """Hold ``.NAME.lock`` beside every output; the files go when the run ends.

    Devices and pipes are nobody's alone, and are not locked.

    Raises:
        UsageError: another process is going to write one of them.
    """
    with ExitStack() as locks:
        for output in outputs:
            if output.exists() and not output.is_file():
                continue
            locks.enter_context(
                file_lock(
                    _lock_file(output.resolve()),  # two links may lead to one file
                    busy=f"Another process is going to write {output}; wait for it or choose "
                    "another name.",
                    remove=True,
                    error=UsageError,
                )
            )
        yield


def _lock_file(output: Path) -> Path:
    name = output.name
    if len(name.encode()) > _LONGEST_NAME:
        name = hashlib.sha256(name.encode()).hexdigest()
    return output.with_name(f".{name}.lock")
