"""Pages of assets as Dagster's metadata, of which it plots the numbers by partition."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from transgenic_dagster.lab.pages import Markdown, Shown, Table


def metadata(page: Mapping[str, Shown]) -> dict[str, Any]:
    """Return what a page shows in Dagster's terms."""
    return {name: _value(shown) for name, shown in page.items()}


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.TableMetadataValue:
    """Table of rows under a header; numbers are whole numbers."""
    records = [
        dg.TableRecord(
            {c: v if isinstance(v, int) else str(v) for c, v in zip(columns, row, strict=True)}
        )
        for row in rows
    ]
    kinds = {
        column: "int" if records and isinstance(records[0].data[column], int) else "string"
        for column in columns
    }
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in kinds.items()])
    return dg.MetadataValue.table(records, schema)


def _value(shown: Shown) -> Any:
    match shown:
        case Table():
            return table(shown.columns, shown.rows)
        case Markdown():
            return dg.MetadataValue.md(str(shown))
        case Path():
            return dg.MetadataValue.path(shown)
    return shown
