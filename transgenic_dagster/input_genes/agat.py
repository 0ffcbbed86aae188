"""Sorting with AGAT, for those who want its repairs: ``agat_convert_sp_gxf2gxf.pl``."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from transgenic_dagster.errors import InputError, MissingOnMachineError, RunError

_PROGRAM = "agat_convert_sp_gxf2gxf.pl"


def run_agat(gff3: Path, folder: Path, feature_types: Sequence[str]) -> Path:
    """Run AGAT with its own defaults.

    Args:
        gff3: a GFF3 file.
        folder: where AGAT leaves its logs and its result.
        feature_types: types of rows (column 3) that count as genes.

    Returns:
        The GFF3 file that AGAT wrote.

    Raises:
        MissingOnMachineError: AGAT is not installed.
        RunError: AGAT failed.
        InputError: AGAT kept none of the genes.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        raise MissingOnMachineError(
            f"--sorter agat needs {_PROGRAM}, which is not on the PATH: install AGAT (conda install"
            " -c bioconda agat), or leave the option out to use the built-in sort."
        )
    result = folder / "agat.gff3"
    done = subprocess.run(
        [program, "--gff", str(gff3.absolute()), "--output", result.name],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        last_line = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise RunError(f"{_PROGRAM} failed with exit code {done.returncode}: {last_line[:200]}")
    if not result.exists() or not _has_genes(result, feature_types):
        raise InputError(
            f"{_PROGRAM} kept none of the genes: in its default settings it drops genes"
            " without children; leave out --sorter agat to keep them."
        )
    return result


def _has_genes(gff3: Path, feature_types: Sequence[str]) -> bool:
    with gff3.open(encoding="utf-8", errors="replace") as file:
        columns = (line.split("\t") for line in file)
        return any(row[2] in feature_types for row in columns if len(row) == 9)
