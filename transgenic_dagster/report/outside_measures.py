"""The report's section on outside measures: predictions and input judged by other programs."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.quality import busco, omark, psauron
from transgenic_dagster.quality.outside_programs import Measures
from transgenic_dagster.report.gene_blocks import GeneBlock
from transgenic_dagster.report.proteins import write_proteins
from transgenic_dagster.report.sections import Section
from transgenic_dagster.report.tables import Cell, Table
from transgenic_dagster.sequences.fasta import open_genome

_MEASURES: Final[Mapping[str, tuple[Callable[[Path, Path], Measures], bool]]] = {
    "psauron": (psauron.measure, False),
    "busco": (busco.measure, True),
    "omark": (omark.measure, True),
}
"""Programs by name, and whether they read one protein per gene."""

PROGRAMS: Final = tuple(_MEASURES)


def measure_quality(
    fasta: Path,
    annotations: Mapping[str, Callable[[], Iterable[GeneBlock]]],
    programs: Sequence[str],
) -> Section:
    """Judge the proteins of annotations by outside programs.

    What is missing or fails becomes one sentence of the section, not an error.

    Args:
        fasta: the genome.
        annotations: their genes, by title of the table's column.
        programs: ``psauron``, ``busco``, ``omark``.
    """
    notes: list[str] = []
    columns: dict[str, dict[str, int | float]] = {title: {} for title in annotations}
    with tempfile.TemporaryDirectory(prefix="transgenic-quality-") as name:
        scratch = Path(name)
        try:
            with open_genome(fasta, scratch) as genome:
                for title, genes in annotations.items():
                    write_proteins(genes(), genome, *_files(scratch, title))
        except TransgenicError as error:
            return Section("outside", "Outside measures", (f"Not measured: {error}",), ())
        for program in dict.fromkeys(programs):
            measure, by_gene = _MEASURES[program]
            for title, values in columns.items():
                proteins = _files(scratch, title)[by_gene]
                try:
                    if proteins.stat().st_size:
                        values.update(measure(proteins, scratch))
                except TransgenicError as error:
                    notes.append(str(error))
    names = dict.fromkeys(name for values in columns.values() for name in values)
    rows: list[Sequence[Cell]] = [
        (name, *(values.get(name) for values in columns.values())) for name in names
    ]
    table = Table(
        "outside-measures",
        "Proteins judged by programs that do not know the model. PSAURON reads every transcript, "
        "BUSCO and OMArk the longest protein of each gene.",
        ("Measure", *columns),
        rows,
    )
    return Section(
        "outside", "Outside measures", tuple(dict.fromkeys(notes)), (table,) if rows else ()
    )


def _files(scratch: Path, title: str) -> tuple[Path, Path]:
    """Return the FASTA files of all proteins and of the longest of each gene."""
    stem = title.lower()
    return scratch / f"{stem}.fa", scratch / f"{stem}.longest.fa"
