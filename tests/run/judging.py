"""Runs of scoring and completion with the demo model, in this process."""

import csv
from pathlib import Path
from typing import Any

from tests.run.test_annotate import CrashAfter, CrashError
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_as
from transgenic_dagster.run.judging_options import ScoreOptions

DEMO: dict[str, Any] = {"model": str(demo_checkpoint()), "device": "cpu", "num_workers": 0}


def score(
    fasta: Path, gff: Path, folder: Path, *, crash_after: int = 0, **options: Any
) -> Accounting | None:
    """Score an annotation into ``scores.tsv`` and ``scores.gff3`` of a folder.

    Args:
        fasta: genome.
        gff: annotation.
        folder: where results go; made if it does not exist.
        crash_after: regions after which the run crashes; 0 for a run that ends well.
        options: further ones.
    """
    files = {"output": folder / "scores.tsv", "gff3": folder / "scores.gff3"}
    return _run(ScoreOptions, fasta, gff, folder, crash_after, files | options)


def complete(
    fasta: Path, gff: Path, folder: Path, *, crash_after: int = 0, **options: Any
) -> Accounting | None:
    """Complete an annotation into ``out.gff3`` of a folder; arguments as of ``score``."""
    files = {"output": folder / "out.gff3", "complete": True}
    return _run(AnnotateOptions, fasta, gff, folder, crash_after, files | options)


def _run(
    kind: type[AnnotateOptions],
    fasta: Path,
    gff: Path,
    folder: Path,
    crash_after: int,
    options: dict[str, Any],
) -> Accounting | None:
    folder.mkdir(exist_ok=True)
    checked = parse_as(kind, DEMO | {"fasta_file": fasta, "gff_file": gff} | options)
    try:
        return annotate(checked, CrashAfter(crash_after) if crash_after else SilentProgress())
    except CrashError:
        return None


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a table."""
    with path.open() as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def contents(folder: Path) -> dict[str, bytes]:
    """Files of a folder, but for the summary of the run."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(".ckpt.json")
    }
