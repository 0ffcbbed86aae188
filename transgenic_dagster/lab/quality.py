"""Quality of an assembly's results: its report, its headline figures, and an overview of all."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import run_state_file_of
from transgenic_dagster.quality.headline_figures import (
    HeadlineFigures,
    read_figures,
    write_figures,
)
from transgenic_dagster.quality.structures import read_structures
from transgenic_dagster.run.finished_run import FinishedRun
from transgenic_dagster.run.report import REPORT_SUFFIX, write_report
from transgenic_dagster.run.state import read_run_summary

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
        figures, total = self.figures, self.accounting.total
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


def report_path(home: Home, name: str) -> Path:
    """Return the file of an assembly's report."""
    return _beside(home, name, REPORT_SUFFIX)


def make_quality(home: Home, name: str) -> HeadlineFigures:
    """Write the report and the headline figures of an assembly's results.

    Raises:
        InputError: its files are missing or do not belong together.
    """
    folder, paths = home.run(name), home.results(name)
    run = FinishedRun.of(paths.gff3)
    # The lab's own folder has the input as it was sorted.
    run = replace(run, options=run.options.model_copy(update={"work_folder": folder.root}))
    report = report_path(home, name)
    run.check(report)
    comparison = write_report(run, report)
    accounting = Accounting.from_dict(dict(run.summary.accounting))
    structures = read_structures(paths.gff3, folder.region_db)
    figures = HeadlineFigures.of(accounting, structures, comparison)
    write_figures(_beside(home, name, FIGURES_SUFFIX), figures, run.summary.files["gff3"])
    return figures


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
