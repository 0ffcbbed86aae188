"""Metadata on the pages of assets: numbers, which Dagster plots by partition, tables, pictures."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import dagster as dg

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.quality.recount import count_rejects
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.journals import JournalSummary
from transgenic_dagster.run.result_paths import ResultPaths


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.TableMetadataValue:
    """Table of rows under a header; numbers are whole numbers."""
    records = [
        dg.TableRecord(
            {c: v if isinstance(v, int) else str(v) for c, v in zip(columns, row, strict=True)}
        )
        for row in rows
    ]
    kinds = {
        column: "int" if records and isinstance(records[0].data[column], int) else "string"
        for column in columns
    }
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in kinds.items()])
    return dg.MetadataValue.table(records, schema)


def outcome_table(counts: Mapping[str, Mapping[str, int]]) -> dg.TableMetadataValue:
    """Table of genes by outcome and reason, the most frequent first.

    Args:
        counts: by outcome, numbers of genes by reason.
    """
    return table(
        ("outcome", "reason", "genes"),
        (
            (outcome, reason, count)
            for outcome, reasons in counts.items()
            for reason, count in _by_count(reasons)
        ),
    )


def prediction_metadata(journals: JournalSummary) -> dict[str, Any]:
    """Numbers and tables of predictions, as far as they can be told without DNA."""
    from transgenic_dagster.quality.pictures import confidence_histogram

    accounting, confidences = journals.accounting, journals.confidences
    return {
        "regions": journals.regions,
        "annotated": accounting.annotated,
        "rejected": journals.rejected,
        "annotated_percent": _percent(accounting.annotated, journals.regions),
        "mean_confidence": round(fmean(confidences), 4) if confidences else 0.0,
        "outcomes": outcome_table(
            {"annotated": {"": accounting.annotated}, "rejected": accounting.rejected}
        ),
        "confidence": dg.MetadataValue.md(confidence_histogram(confidences)),
    }


def gff3_metadata(home: Home, name: str, accounting: Accounting) -> dict[str, Any]:
    """Numbers, tables and report of an annotation, and a map of the genes along the genome."""
    from transgenic_dagster.lab.quality import make_quality, report_path
    from transgenic_dagster.quality.pictures import gene_places, genome_map, outcome_bar

    folder, paths = home.run(name), home.results(name)
    with RegionDb(folder.region_db) as database:
        lengths = database.sequence_lengths()
        picture = genome_map(lengths, gene_places(database, paths.gsf))
    figures = make_quality(home, name)
    counts = {"annotated": figures.annotated, "rejected": figures.rejected}
    bar = outcome_bar(counts | {"skipped": figures.skipped})
    metadata: dict[str, Any] = {
        "path": dg.MetadataValue.path(paths.gff3),
        **figures.numbers(),
        "report": dg.MetadataValue.path(report_path(home, name)),
        "preview": dg.MetadataValue.md(f"{figures.table()}\n\n{bar}"),
        "outcomes": outcome_table(
            {
                "annotated": {"": accounting.annotated},
                "rejected": accounting.rejected,
                "skipped": accounting.skipped,
            }
        ),
        "genome_map": dg.MetadataValue.md(picture),
    }
    if accounting.orf:
        frames = table(("reading frame", "transcripts"), _by_count(accounting.orf))
        metadata["reading_frames"] = frames
    files = (
        ("proteins", paths.proteins),
        ("sentences", paths.gsf),
        ("refinements", paths.refinements),
    )
    return metadata | {name: dg.MetadataValue.path(path) for name, path in files if path}


def overview_metadata(home: Home, names: Iterable[str]) -> dict[str, Any]:
    """Table and chart of all assemblies that have results."""
    from transgenic_dagster.lab.quality import OVERVIEW_COLUMNS, read_overview
    from transgenic_dagster.quality.pictures import overview_chart

    assemblies = read_overview(home, names)
    accountings = [one.accounting for one in assemblies]
    chart = overview_chart({one.name: one.shares() for one in assemblies})
    return {
        "assemblies": len(assemblies),
        "genes": sum(one.total for one in accountings),
        "annotated": sum(one.annotated for one in accountings),
        "table": table(OVERVIEW_COLUMNS, (one.row() for one in assemblies)),
        "chart": dg.MetadataValue.md(chart),
    }


def reject_metadata(paths: ResultPaths) -> dict[str, Any]:
    """Counts by reason, with a few examples."""
    from transgenic_dagster.quality.pictures import reason_bars

    reasons, examples = count_rejects(paths.rejects)
    metadata: dict[str, Any] = {
        "path": dg.MetadataValue.path(paths.rejects),
        "lines": reasons.total(),
        "reasons": table(("reason", "lines"), _by_count(reasons)),
        "examples": table(("gene", "sequence", "error"), examples),
    }
    if reasons:
        metadata["reason_bars"] = dg.MetadataValue.md(reason_bars(reasons))
    return metadata


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and counts, the most frequent first."""
    return sorted(((str(k), n) for k, n in counts.items()), key=lambda item: (-item[1], item[0]))


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
