"""Writes the data table's row of a fetched model: ``python3 model_row.py INPUTS OUTPUT``.

INPUTS is the filled-in form as Galaxy writes it (JSON), OUTPUT what Galaxy reads the row from. It
needs nothing but Python 3.10.
"""

import json
import sys
from pathlib import Path
from typing import Any

TABLE = "transgenic_models"
FOLDER = "model"
"""Folder of the model, beside OUTPUT, from where Galaxy moves it."""


def row(inputs: dict[str, Any]) -> dict[str, str]:
    """Columns of the row; the identifier is a file name, as owner, name and revision are."""
    model = inputs["model"]
    identifier = model["repository"].replace("/", "--")
    name = model["name"].strip()
    if inputs.get("revision"):
        identifier += f"--{inputs['revision']}"
        name += f", revision {inputs['revision']}"
    return {"value": identifier, "name": name, "path": FOLDER}


def main(inputs: Path, output: Path) -> None:
    """Read the form and write the row."""
    values = json.loads(inputs.read_text(encoding="utf-8"))
    output.write_text(json.dumps({"data_tables": {TABLE: [row(values)]}}), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
