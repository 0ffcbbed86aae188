"""Pictures of an annotation, as PNG inside Markdown, small enough for Dagster's event log."""

import base64
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.sequences.natural_order import natural_key
from transgenic_dagster.system.output_files import read_output

ANNOTATED, REJECTED, SKIPPED = "annotated", "rejected", "skipped"
COLOURS = {ANNOTATED: "#0072b2", REJECTED: "#d55e00", SKIPPED: "#999999"}
"""Colours that colour-blind readers can tell apart."""
SHARE_COLOURS = (COLOURS[ANNOTATED], "#009e73", "#cc79a7")
MOST_SEQUENCES = 24
MOST_ASSEMBLIES = 40
_DPI = 80
_MEGABASE = 1_000_000
_NAME_LENGTH = 24


@dataclass(frozen=True)
class GenePlace:
    """Position and outcome of a gene.

    Args:
        seqid: its sequence.
        start: 0-based.
        end: exclusive.
        outcome: ``annotated``, ``rejected`` or ``skipped``.
    """

    seqid: str
    start: int
    end: int
    outcome: str


def gene_places(database: RegionDb, sentences: Path | None) -> Iterator[GenePlace]:
    """Yield the genes of an input with their outcomes.

    Args:
        database: region database of the run.
        sentences: the run's table of sentences, one row per region in the same order; without it
            there is nothing to yield.
    """
    if sentences is None:
        return
    csv.field_size_limit(sys.maxsize)
    with read_output(sentences) as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        for region, row in zip(database.regions(), rows, strict=True):
            yield GenePlace(region.seqid, region.gene_start, region.gene_end, row["status"])
    for skipped in database.skipped():
        if skipped.is_gene:
            yield GenePlace(skipped.seqid, skipped.gene_start, skipped.gene_end, SKIPPED)


def genome_map(lengths: Mapping[str, int], genes: Iterable[GenePlace]) -> str:
    """Draw the largest sequences with a tick for every gene, coloured by its outcome.

    Args:
        lengths: nucleotides by sequence.
        genes: genes of all sequences; the legend counts those of sequences that are not shown too.
    """
    largest = sorted(lengths, key=lambda name: -lengths[name])[:MOST_SEQUENCES]
    shown = sorted(largest, key=natural_key)
    rows = {seqid: row for row, seqid in enumerate(shown)}
    figure = Figure(figsize=(8, 1.2 + 0.34 * len(shown)), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    for seqid, row in rows.items():
        axes.plot([0, lengths[seqid] / _MEGABASE], [row, row], color="#cccccc", zorder=0)
    ticks: dict[str, list[list[tuple[float, float]]]] = {outcome: [] for outcome in COLOURS}
    counts = dict.fromkeys(COLOURS, 0)
    for gene in genes:
        counts[gene.outcome] += 1
        if gene.seqid in rows:
            middle, row = (gene.start + gene.end) / 2 / _MEGABASE, rows[gene.seqid]
            ticks[gene.outcome].append([(middle, row - 0.32), (middle, row + 0.32)])
    for outcome, lines in ticks.items():
        label = f"{outcome} ({counts[outcome]:,})"
        axes.add_collection(
            LineCollection(lines, colors=COLOURS[outcome], linewidths=1.2, label=label)
        )
    axes.set_yticks(range(len(shown)), [_plain(name) for name in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("position (Mb)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper left", ncols=len(COLOURS), frameon=False)
    hidden = len(lengths) - len(shown)
    note = f"; the {hidden:,} smallest sequences are not shown" if hidden else ""
    return _markdown(figure, f"Genes along the genome{note}")


def confidence_histogram(confidences: Sequence[float]) -> str:
    """Draw a histogram of the confidence of gene models.

    Args:
        confidences: mean token probabilities, from 0 to 1.
    """
    figure = Figure(figsize=(5, 2.2), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.hist(confidences, bins=25, range=(0, 1), color=COLOURS[ANNOTATED])
    axes.set_xlabel("confidence (mean token probability)")
    axes.set_ylabel("gene models")
    axes.spines[["top", "right"]].set_visible(False)
    return _markdown(figure, "Confidence of the gene models")


def reason_bars(reasons: Mapping[str, int]) -> str:
    """Draw the number of lines of the reject report for each reason.

    Args:
        reasons: lines by reason.
    """
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    names = [name for name, _ in ordered]
    figure = Figure(figsize=(6, 0.9 + 0.32 * len(ordered)), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(names, [count for _, count in ordered], color=COLOURS[REJECTED])
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("lines of the reject report")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.1)
    return _markdown(figure, "Reasons in the reject report")


def outcome_bar(counts: Mapping[str, int]) -> str:
    """Draw one bar of all genes, divided by their outcome.

    Args:
        counts: genes by outcome.
    """
    figure = Figure(figsize=(6, 0.9), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    left = 0
    for outcome, count in counts.items():
        axes.barh(0, count, left=left, color=COLOURS[outcome], label=f"{outcome} ({count:,})")
        left += count
    axes.set_xlim(0, max(left, 1))
    axes.set_axis_off()
    figure.legend(loc="outside upper left", ncols=len(counts), frameon=False)
    return _markdown(figure, "Genes by outcome")


def overview_chart(assemblies: Mapping[str, Mapping[str, float | None]]) -> str:
    """Draw shares of several assemblies side by side.

    Args:
        assemblies: by name of the assembly, shares in percent by what they are of; None for what
            is not known. The first ones are shown.
    """
    shown = dict(islice(assemblies.items(), MOST_ASSEMBLIES))
    kinds = list(next(iter(shown.values()), ()))
    figure = Figure(figsize=(8, 1.2 + 0.5 * max(len(shown), 1)), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    height = 0.8 / max(len(kinds), 1)
    for number, (kind, colour) in enumerate(zip(kinds, SHARE_COLOURS, strict=False)):
        places = [row + (number + 0.5) * height - 0.4 for row in range(len(shown))]
        values = [shares[kind] or 0 for shares in shown.values()]
        axes.barh(places, values, height=0.9 * height, color=colour, label=kind)
        for place, shares in zip(places, shown.values(), strict=True):
            share = shares[kind]
            text = "not known" if share is None else f"{share:.1f}"
            axes.text((share or 0) + 0.5, place, text, va="center", fontsize=7)
    axes.set_yticks(range(len(shown)), [_plain(name) for name in shown])
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.set_xlim(0, 106)
    axes.set_xlabel("%")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if kinds:
        figure.legend(loc="outside upper left", ncols=len(kinds), frameon=False)
    hidden = len(assemblies) - len(shown)
    note = f"; {hidden:,} more assemblies are in the table" if hidden else ""
    return _markdown(figure, f"All assemblies{note}")


def _plain(name: str) -> str:
    """Label of a sequence; matplotlib would read text between dollar signs as mathematics."""
    short = name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
    return short.replace("$", r"\$")


def _markdown(figure: Figure, title: str) -> str:
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return f"![{title}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"
