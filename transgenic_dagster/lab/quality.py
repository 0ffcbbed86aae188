"""Quality of an assembly's results: its report, its headline figures, and an overview of all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.options import check_limits
from transgenic_dagster.lab.wanted_files import remove_unwanted
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import AnnotateOptions, run_state_file_of
from transgenic_dagster.quality.headline_figures import (
    HeadlineFigures,
    read_figures,
    write_figures,
)
from transgenic_dagster.quality.result_checks import CheckedFiles, Finding, check_results
from transgenic_dagster.quality.structures import read_structures
from transgenic_dagster.run.afterwards import write_afterwards
from transgenic_dagster.run.state import read_run_summary
from transgenic_dagster.system.digest import file_sha256

FIGURES_SUFFIX = ".figures.json"
OVERVIEW_COLUMNS = (
    *("assembly", "genes", "annotated", "rejected", "skipped", "annotated %"),
    *("transcripts", "complete frames %", "isoforms per gene", "confidence"),
    *("CDS sensitivity %", "CDS precision %", "changed genes"),
)


@dataclass(frozen=True)
class AssemblyQuality:
    """Quality of one assembly's results.

    Args:
        name: of the assembly.
        accounting: what became of its genes.
        figures: the headline figures; None where a release made the results that had none.
    """

    name: str
    accounting: Accounting
    figures: HeadlineFigures | None

    def shares(self) -> dict[str, float | None]:
        """Return what a chart shows of it, in percent; None for what is not known."""
        figures, total = self.figures, self.accounting.for_model
        return {
            "genes annotated": 100 * self.accounting.annotated / total if total else None,
            "complete reading frames": figures.complete_frames_percent if figures else None,
            "CDS of the input found": figures.cds_sensitivity_percent if figures else None,
        }

    def row(self) -> tuple[object, ...]:
        """Return its row under ``OVERVIEW_COLUMNS``; what is not known is a dash."""
        counts, annotated = self.accounting, self.shares()["genes annotated"]
        numbers = self.figures.numbers() if self.figures else {}
        more = (
            *("complete_frames_percent", "isoforms_per_gene", "mean_confidence"),
            *("cds_sensitivity_percent", "cds_precision_percent", "changed_genes"),
        )
        return (
            *(self.name, counts.total, counts.annotated),
            *(counts.rejected.total(), counts.skipped.total()),
            "–" if annotated is None else f"{annotated:.1f}",
            str(numbers.get("transcripts", "–")),
            *(str(numbers.get(name, "–")) for name in more),
        )


def make_quality(
    home: Home, name: str, accounting: Accounting, options: AnnotateOptions
) -> HeadlineFigures:
    """Write the headline figures of an assembly's results, and what options ask for beside these.

    Files that earlier options asked for go.

    Raises:
        TransgenicError: its files are missing or do not belong together, or a program is missing.
    """
    folder, paths = home.run(name), home.results(name)
    remove_unwanted(options, home.report(name))
    comparison = write_afterwards(options)
    completes = folder.sorted_gff if options.complete else None
    structures = read_structures(paths.gff3, folder.region_db, completes)
    figures = HeadlineFigures.of(accounting, structures, comparison)
    write_figures(_beside(home, name, FIGURES_SUFFIX), figures, file_sha256(paths.gff3))
    return figures


def check_quality(home: Home, name: str) -> Iterator[Finding]:
    """Yield the results of all checks of an assembly's files.

    Raises:
        UsageError: a limit in options.yaml is wrong.
    """
    folder, paths = home.run(name), home.results(name)
    summary = read_run_summary(run_state_file_of(paths.gff3))
    completed = summary and Accounting.from_dict(dict(summary.accounting)).is_completion
    files = CheckedFiles(
        folder.region_db,
        paths.gff3,
        paths.rejects,
        home.sentences(name),
        folder.sorted_gff if completed else None,
    )
    return check_results(files, check_limits(home, home.assembly(name)))


def read_overview(home: Home, names: Iterable[str]) -> list[AssemblyQuality]:
    """Read the quality of all assemblies that have results.

    Args:
        home: the home.
        names: of its assemblies.

    Returns:
        One for each assembly with finished results, by name.
    """
    found = []
    for name in sorted(names):
        summary = read_run_summary(run_state_file_of(home.results(name).gff3))
        if summary is None or summary.status != "complete" or not home.results(name).gff3.exists():
            continue
        figures = read_figures(_beside(home, name, FIGURES_SUFFIX), summary.files.get("gff3"))
        accounting = Accounting.from_dict(dict(summary.accounting))
        found.append(AssemblyQuality(name, accounting, figures))
    return found


def _beside(home: Home, name: str, suffix: str) -> Path:
    gff3 = home.results(name).gff3
    return gff3.with_name(gff3.name + suffix)
