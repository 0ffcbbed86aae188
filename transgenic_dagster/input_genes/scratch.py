"""A DuckDB database for the work of one stage, gone when the stage ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.system.memory import is_out_of_memory
from transgenic_dagster.system.processors import granted_processors

MAX_THREADS = 4


def thread_count() -> int:
    """Return the threads for DuckDB."""
    return min(MAX_THREADS, granted_processors())


DUCKDB_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "400MB",
    "threads": str(thread_count()),
}
"""Limits of DuckDB; data beyond the memory limit go to disk, beside the stage's output."""

# Each database has one connection, so a transaction fails only where its changes cannot be written.
_DISK_ERRORS = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)


@contextmanager
def disk_errors_named(folder: Path) -> Iterator[None]:
    """Turn DuckDB's errors about the disk of ``folder`` into one clear message.

    Raises:
        ResumableError: the disk or the memory is full, or the disk failed otherwise.
    """
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        if "No space left" in text or "quota exceeded" in text:
            raise ResumableError(f"The disk is full ({folder}); free some space.") from error
        first_line = text.partition("\n")[0].rstrip(".")
        if isinstance(error, duckdb.OutOfMemoryException):
            raise ResumableError(
                f"Memory and the disk of {folder} are too small ({first_line}); free some space."
            ) from error
        if isinstance(error, _DISK_ERRORS) and not is_out_of_memory(error):
            raise ResumableError(
                f"The disk of {folder} failed ({first_line}); check it."
            ) from error
        raise


@contextmanager
def scratch_database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an empty in-memory database that spills into ``folder`` and leaves nothing there."""
    with (
        disk_errors_named(folder),
        tempfile.TemporaryDirectory(dir=folder, prefix=".duckdb-") as spill,
        duckdb.connect(config={**DUCKDB_CONFIG, "temp_directory": spill}) as database,
    ):
        yield database
