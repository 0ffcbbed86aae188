"""Moving many rows into DuckDB at once, column by column."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

Columns = Mapping[str, npt.NDArray[Any]]


def text_column(values: Iterable[str]) -> npt.NDArray[np.object_]:
    """Return texts as a column."""
    return np.array(list(values), dtype=object)


def columns_of(record_type: type, records: Sequence[object]) -> dict[str, npt.NDArray[Any]]:
    """Return the fields of records that are all texts, integers or truth values, as columns.

    Args:
        record_type: a dataclass.
        records: instances of it.
    """
    dtypes = {str: np.dtype(object), int: np.dtype(np.int64), bool: np.dtype(np.bool_)}
    return {
        name: np.array([getattr(record, name) for record in records], dtype=dtypes[field_type])
        for name, field_type in record_type.__annotations__.items()
    }


def execute_with_batch(
    database: duckdb.DuckDBPyConnection, statement: str, columns: Columns
) -> None:
    """Run a statement that reads the given columns as the table ``batch``."""
    database.register("batch", columns)
    try:
        database.execute(statement)
    finally:
        database.unregister("batch")
