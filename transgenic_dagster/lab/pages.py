"""What the page of an asset shows: numbers, tables, pictures and files, as plain values."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import fmean, median

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.lab.wanted_files import written_files
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.quality.recount import count_rejects
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.journals import JournalSummary, journaled, summarise_journal
from transgenic_dagster.run.result_paths import ResultPaths, ScorePaths
from transgenic_dagster.run.state import read_piece_state

MOST_DOUBTFUL = 20
"""Genes with the worst scores that a page names."""
_DOUBTFUL_COLUMNS = ("gene_id", "perplexity", "weakest_boundary", "position", "preferred_position")


@dataclass(frozen=True)
class Table:
    """Rows under a header.

    Args:
        columns: the header.
        rows: cells; a column has either whole numbers or texts.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Markdown(str):
    """Text to be shown as a page."""

    __slots__ = ()


Shown = int | float | str | Path | Table | Markdown
Page = dict[str, Shown]


def sorted_page(folder: RunFolder, options: AnnotateOptions) -> Page:
    """Show the sorted annotation of a run with these options."""
    with folder.sorted_gff.open("rb") as lines:
        rows = sum(not line.startswith(b"#") for line in lines)
    facts = folder.sorted_annotation.facts() or {}
    return {
        "path": folder.sorted_gff,
        "source": options.gff_file,
        "rows": rows,
        "bytes": folder.sorted_gff.stat().st_size,
        "sorter": facts["sorter"],
        "annotation_sha256": facts["annotation"],
    }


def regions_page(database: RegionDb) -> Page:
    """Show what was made of an input: genes with a window, by piece, and those without."""
    lengths = database.sequence_lengths()
    by_piece = {piece: len(database.regions(piece)) for piece in database.pieces()}
    accounting = Accounting()
    for skipped in database.skipped():
        if skipped.is_gene:
            accounting.count_skipped(skipped.reason)
    return {
        "genes": sum(by_piece.values()) + accounting.skipped.total(),
        "regions": sum(by_piece.values()),
        "skipped": accounting.skipped.total(),
        "sequences": len(lengths),
        "nucleotides": sum(lengths.values()),
        "chromosomes": Table(("chromosome", "regions"), list(by_piece.items())),
        "skip_reasons": _outcomes({"skipped": accounting.skipped}),
    }


def piece_page(folder: RunFolder, piece: str, *, scored: bool) -> Page:
    """Show what the model made of a piece: its predictions, or the scores of its own genes."""
    state = read_piece_state(folder.piece_state(piece))
    states = {piece: state} if state else {}
    if scored:
        sentences = chain.from_iterable(journaled(folder, one) for one in states.values())
        page = _scores([sentence.score for sentence in sentences if sentence.tokens])
    else:
        with RegionDb(folder.region_db) as database:
            page = _predictions(summarise_journal(folder, database, states))
    return {"path": folder.journal(piece), **page}


def _predictions(journals: JournalSummary) -> Page:
    """Predictions, as far as they can be told without DNA."""
    from transgenic_dagster.quality.pictures import confidence_histogram

    accounting, confidences = journals.accounting, journals.confidences
    return {
        "regions": journals.regions,
        "annotated": accounting.annotated,
        "rejected": journals.rejected,
        "annotated_percent": _percent(accounting.annotated, journals.regions),
        "mean_confidence": round(fmean(confidences), 4) if confidences else 0.0,
        "outcomes": _outcomes(
            {"annotated": {"": accounting.annotated}, "rejected": accounting.rejected}
        ),
        "confidence": Markdown(confidence_histogram(confidences)),
    }


def annotation_page(
    home: Home, name: str, accounting: Accounting, options: AnnotateOptions
) -> Page:
    """Show an annotation: figures, further files, and a map of the genes along the genome."""
    from transgenic_dagster.lab.quality import make_quality
    from transgenic_dagster.quality.pictures import gene_places, genome_map, outcome_bar

    folder, paths = home.run(name), home.results(name)
    with RegionDb(folder.region_db) as database:
        lengths = database.sequence_lengths()
        picture = genome_map(lengths, gene_places(database, paths.gsf))
    figures = make_quality(home, name, accounting, options)
    counts = {"annotated": figures.annotated, "rejected": figures.rejected}
    bar = outcome_bar(counts | {"skipped": figures.skipped})
    page: Page = {
        "path": paths.gff3,
        **figures.numbers(),
        "preview": Markdown(f"{figures.table()}\n\n{bar}"),
        "outcomes": _outcomes(
            {
                "annotated": {"": accounting.annotated},
                "rejected": accounting.rejected,
                "skipped": accounting.skipped,
            }
        ),
        "genome_map": Markdown(picture),
    }
    if accounting.orf:
        frames = Table(("reading frame", "transcripts"), _by_count(accounting.orf))
        page["reading_frames"] = frames
    return page | dict(written_files(options))


def rejects_page(paths: ResultPaths) -> Page:
    """Show counts by reason, with a few examples."""
    from transgenic_dagster.quality.pictures import reason_bars

    reasons, examples = count_rejects(paths.rejects)
    page: Page = {
        "path": paths.rejects,
        "lines": reasons.total(),
        "reasons": Table(("reason", "lines"), _by_count(reasons)),
        "examples": Table(("gene", "sequence", "error"), list(examples)),
    }
    if reasons:
        page["reason_bars"] = Markdown(reason_bars(reasons))
    return page


def _scores(mean_log_probabilities: Sequence[float]) -> Page:
    """Figures of scores.

    Args:
        mean_log_probabilities: of the tokens of each gene that has a score, in nats.
    """
    page: Page = {"genes_scored": len(mean_log_probabilities)}
    if mean_log_probabilities:
        perplexities = [math.exp(-mean) for mean in mean_log_probabilities]
        page["mean_log_probability"] = round(fmean(mean_log_probabilities), 6)
        page["median_perplexity"] = round(median(perplexities), 6)
    return page


def score_table_page(paths: ScorePaths, accounting: Accounting) -> Page:
    """Show the scores of an assembly, and the genes that are most in doubt."""
    with paths.scores.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        genes = [row for row in rows if row["level"] == "gene" and row["rank"] != "."]
    means = [float(gene["log_probability"]) / int(gene["tokens"]) for gene in genes]
    doubtful = [[gene[column] for column in _DOUBTFUL_COLUMNS] for gene in genes[:MOST_DOUBTFUL]]
    page: Page = {
        "path": paths.scores,
        "rejects": paths.rejects,
        **_scores(means),
        "most_doubtful": Table(_DOUBTFUL_COLUMNS, doubtful),
        "without_score": _outcomes(
            {"rejected": accounting.rejected, "skipped": accounting.skipped}
        ),
    }
    return page | ({"annotation": paths.gff3} if paths.gff3 else {})


def overview_page(home: Home, names: Iterable[str]) -> Page:
    """Show all assemblies that have results, as a table and as a chart."""
    from transgenic_dagster.lab.quality import OVERVIEW_COLUMNS, read_overview
    from transgenic_dagster.quality.pictures import overview_chart

    assemblies = read_overview(home, names)
    accountings = [one.accounting for one in assemblies]
    chart = overview_chart({one.name: one.shares() for one in assemblies})
    return {
        "assemblies": len(assemblies),
        "genes": sum(one.total for one in accountings),
        "annotated": sum(one.annotated for one in accountings),
        "table": Table(OVERVIEW_COLUMNS, [one.row() for one in assemblies]),
        "chart": Markdown(chart),
    }


def _outcomes(counts: Mapping[str, Mapping[str, int]]) -> Table:
    """Table of genes by outcome and reason, the most frequent first."""
    return Table(
        ("outcome", "reason", "genes"),
        [
            (outcome, reason, count)
            for outcome, reasons in counts.items()
            for reason, count in _by_count(reasons)
        ],
    )


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and counts, the most frequent first."""
    return sorted(((str(k), n) for k, n in counts.items()), key=lambda item: (-item[1], item[0]))


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
