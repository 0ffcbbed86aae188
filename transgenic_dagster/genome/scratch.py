"""A DuckDB database for the work of one stage, gone when the stage ends."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

DUCKDB_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "400MB",
    "threads": str(min(4, os.cpu_count() or 1)),
}
"""What DuckDB may use; what does not fit in memory goes to disk, beside the stage's output."""


@contextmanager
def scratch_database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an empty in-memory database that spills into ``folder`` and leaves nothing there."""
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".duckdb-") as spill,
        duckdb.connect(config={**DUCKDB_CONFIG, "temp_directory": spill}) as database,
    ):
        yield database
