"""OMArk: completeness and consistency of a proteome by gene families of related species."""

import re
from pathlib import Path

from transgenic_dagster.errors import RunError
from transgenic_dagster.quality.outside_programs import (
    Measures,
    find_data,
    find_program,
    run_program,
)

_COMPLETENESS = re.compile(r"S:(\d+),D:(\d+)\[U:(\d+),E:(\d+)\],M:(\d+)$", re.MULTILINE)
_CONSISTENCY = re.compile(
    r"^A:(\d+)\[P:\d+,F:\d+\],I:(\d+)\[P:\d+,F:\d+\],C:(\d+)\[P:\d+,F:\d+\],U:(\d+)$", re.MULTILINE
)


def measure(proteins: Path, scratch: Path) -> Measures:
    """Place proteins into gene families and judge them by these.

    Args:
        proteins: FASTA with one protein per gene.
        scratch: folder for the program's files.

    Raises:
        TransgenicError: programs or database are missing, or one fails.
    """
    remedy = "install it into an environment of its own (pip install omark)"
    omark = find_program("omark", "TRANSGENIC_OMARK", remedy)
    omamer = find_program("omamer", "TRANSGENIC_OMAMER", remedy)
    database = find_data("TRANSGENIC_OMAMER_DB", "an OMAmer database")
    placements, folder = scratch / f"{proteins.stem}.omamer", scratch / f"{proteins.stem}.omark"
    run_program(
        [omamer, "search", "--db", database, "--query", proteins, "--out", placements], scratch
    )
    run_program([omark, "-f", placements, "-d", database, "-o", folder], scratch)
    return read_summary(next(folder.glob("*.sum"), folder / "*.sum"))


def read_summary(path: Path) -> Measures:
    """Read OMArk's summary (``.sum``).

    Raises:
        RunError: it lacks what is expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(f"OMArk wrote no summary ({path.name}).") from error
    completeness, consistency = _COMPLETENESS.search(text), _CONSISTENCY.search(text)
    if completeness is None or consistency is None:
        raise RunError(f"OMArk's summary {path.name} is not what is expected.")
    single, duplicated, _, _, missing = map(int, completeness.groups())
    counts = tuple(map(int, consistency.groups()))
    families, proteins = single + duplicated + missing, sum(counts)
    if not families or not proteins:
        raise RunError(f"OMArk's summary {path.name} counts nothing.")
    names = ("consistent with the lineage", "inconsistent", "likely contamination", "unknown")
    return {
        "OMArk, conserved families": families,
        "OMArk, families in single copy (%)": 100 * single / families,
        "OMArk, families duplicated (%)": 100 * duplicated / families,
        "OMArk, families missing (%)": 100 * missing / families,
        **{
            f"OMArk, proteins {name} (%)": 100 * count / proteins
            for name, count in zip(names, counts, strict=True)
        },
    }
