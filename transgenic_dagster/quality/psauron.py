"""PSAURON: how much the translation of every transcript looks like a protein."""

import csv
from pathlib import Path

from transgenic_dagster.errors import RunError
from transgenic_dagster.quality.outside_programs import Measures, find_program, run_program

_HEADER = "description,"
_SCORES = ("in-frame_score", "in_frame_score")


def measure(proteins: Path, scratch: Path) -> Measures:
    """Score proteins.

    Args:
        proteins: FASTA of all transcripts, translated.
        scratch: folder for the program's files.

    Raises:
        TransgenicError: the program is missing or fails.
    """
    program = find_program(
        "psauron",
        "TRANSGENIC_PSAURON",
        "install it into an environment of its own (pip install psauron)",
    )
    scores = scratch / f"{proteins.stem}.psauron.csv"
    run_program([program, "-p", "-i", proteins, "-o", scores], scratch)
    return read_scores(scores)


def read_scores(path: Path) -> Measures:
    """Read PSAURON's table: lines on the run, then one row per sequence.

    Raises:
        RunError: it has no rows, or not the columns that are expected.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith(_HEADER))
        rows = list(csv.DictReader(lines[start:]))
        column = next(name for name in _SCORES if name in rows[0])
        scores = [float(row[column]) for row in rows]
        proteins = sum(row["psauron_is_protein"] == "True" for row in rows)
    except (OSError, StopIteration, IndexError, KeyError, ValueError) as error:
        raise RunError(f"PSAURON's table {path.name} cannot be read ({error!r}).") from error
    return {
        "PSAURON, transcripts scored": len(scores),
        "PSAURON score: % of transcripts that look like proteins": 100 * proteins / len(scores),
        "PSAURON, mean score of a transcript (0–100)": 100 * sum(scores) / len(scores),
    }
