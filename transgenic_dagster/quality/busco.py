"""BUSCO in protein mode, by BUSCOlite: which universal single-copy genes are there."""

import json
from pathlib import Path

from transgenic_dagster.errors import RunError
from transgenic_dagster.quality.outside_programs import (
    Measures,
    find_data,
    find_program,
    run_program,
)
from transgenic_dagster.system.processors import granted_processors

_KINDS = {
    "single-copy": "complete, single copy",
    "duplicated": "complete, duplicated",
    "fragmented": "fragmented",
    "missing": "missing",
}


def measure(proteins: Path, scratch: Path) -> Measures:
    """Search proteins for the genes of a lineage.

    Args:
        proteins: FASTA with one protein per gene, so that isoforms are not duplicates.
        scratch: folder for the program's files.

    Raises:
        TransgenicError: program or lineage are missing, or the program fails.
    """
    program = find_program(
        "buscolite",
        "TRANSGENIC_BUSCO",
        "install it into an environment of its own (pip install buscolite)",
    )
    lineage = find_data("TRANSGENIC_BUSCO_LINEAGE", "the folder of a BUSCO lineage")
    name = f"{proteins.stem}.busco"
    cores = str(granted_processors())
    run_program(
        [program, "-i", proteins, "-o", name, "-m", "proteins", "-l", lineage, "-c", cores],
        scratch,
    )
    return read_result(scratch / f"{name}.buscolite.json")


def read_result(path: Path) -> Measures:
    """Read BUSCOlite's JSON.

    Raises:
        RunError: it lacks what is expected.
    """
    try:
        stats = json.loads(path.read_text(encoding="utf-8"))["stats"]
        total = int(stats["total"])
        shares = {name: 100 * int(stats[kind]) / total for kind, name in _KINDS.items()}
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise RunError(f"BUSCOlite's result {path.name} cannot be read ({error!r}).") from error
    return {
        "BUSCO, genes of the lineage": total,
        **{f"BUSCO, {name} (%)": value for name, value in shares.items()},
    }
