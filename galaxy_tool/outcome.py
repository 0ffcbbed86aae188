"""Writes what the history shows of a finished run: ``outcome.py STATE REJECTS TABLE FORM``.

STATE is the run's state file, REJECTS its reject report (JSON lines), FORM the tool's XML. TABLE
gets the genes without a model as tab-separated columns; standard output gets one line, of which
Galaxy shows the first 255 characters below the name of every dataset. It needs nothing but Python
3.10: jobs find the program on their PATH, and not always the packages of its environment.
"""

import json
import sys
from pathlib import Path
from typing import Any

from form_words import Field, in_form_words, read_form

COLUMNS = {
    "gene": "gm_id",
    "sequence": "chrom",
    "start": "gene_start",
    "end": "gene_end",
    "strand": "strand",
    "reason": "reason",
    "explanation": "error",
    "transcript": "transcript",
    "window_start": "start",
    "window_end": "end",
    "model_output": "pred_clean",
    "raw_model_output": "pred_raw",
}
"""Columns of the table, each with the key of the reject report that it comes from."""

_STARTS = {"start", "gene_start"}
_ENCODED = {ord(c): f"%{ord(c):02X}" for c in "%" + "".join(map(chr, range(32))) + "\x7f"}


def main(state: Path, rejects: Path, table: Path, form: Path) -> None:
    """Write the table and the line."""
    fields = read_form(form)
    with (
        rejects.open(encoding="utf-8") as lines,
        table.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as rows,
    ):
        rows.write("\t".join(COLUMNS) + "\n")
        for line in lines:
            rows.write("\t".join(table_row(json.loads(line), fields)) + "\n")
    accounting = json.loads(state.read_text(encoding="utf-8"))["accounting"]
    sys.stdout.write(outcome_line(accounting) + "\n")


def table_row(reject: dict[str, Any], fields: dict[str, Field]) -> list[str]:
    """Cells of one reject, empty where nothing is known.

    Coordinates are those of GFF3: 1-based, end included. The explanation does without the reason
    in front of it, in words of the form. Control characters and the percent sign are
    percent-encoded.
    """
    explanation = reject["error"].removeprefix(f"{reject['reason']}: ")
    values = {**reject, "error": in_form_words(explanation, fields)}
    return [_cell(key, values[key]) for key in COLUMNS.values()]


def outcome_line(accounting: dict[str, Any]) -> str:
    """One line such as ``46 genes: 44 annotated, 1 no gene model, 1 skipped``."""
    total = accounting["total"]
    scored = accounting.get("scored", False)
    parts = [
        f"{accounting['annotated']:,} {'scored' if scored else 'annotated'}",
        f"{sum(accounting['rejected'].values()):,} {'no score' if scored else 'no gene model'}",
        f"{sum(accounting['skipped'].values()):,} skipped",
    ]
    if "kept_input" in accounting:
        parts.append(f"{accounting['kept_input']:,} kept as in the input")
    return f"{total:,} gene{'s' if total != 1 else ''}: {', '.join(parts)}"


def _cell(key: str, value: str | int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value + 1 if key in _STARTS else value)
    return value.translate(_ENCODED)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
