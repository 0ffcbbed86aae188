"""Charts of the report, each an ``svg`` element that fits a column of a phone."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from transgenic_dagster.report.gene_map import GeneMap
from transgenic_dagster.report.predictions import KINDS_OF_BOUNDARY
from transgenic_dagster.report.structure import MEASURES, Measure
from transgenic_dagster.report.svg import (
    ANNOTATED,
    PREDICTION,
    REJECTED,
    SKIPPED,
    SOURCE,
    chart_style,
    label,
    to_svg,
)

_COLUMN = (3.45, 2.0)
_BINS = 40
_MOST_COUNTED = {"exons": 12, "isoforms": 6}
_MEGABASE = 1_000_000
_FEW_DECADES = 200
"""Ratio of the ends of a logarithmic axis up to which it has ticks at 2 and 5, too."""

_Floats = npt.NDArray[np.float64]


def distribution(name: str, predicted: Sequence[int], source: Sequence[int] | None) -> str:
    """Draw the distribution of a measure, the input's own in grey behind it.

    Args:
        name: of the measure, a key of ``MEASURES``.
        predicted: values of the predictions.
        source: values of the input, None where it has none.
    """
    measure = MEASURES[name]
    groups = [values for values in (source, predicted) if values]
    with chart_style():
        figure, axes = _column()
        if measure.is_length:
            _draw_lengths(axes, groups, source, predicted)
        else:
            _draw_counts(axes, _MOST_COUNTED[name], source, predicted)
        axes.set_title(_title(measure))
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=False))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        return to_svg(figure, f"distribution-{name}", f"Histogram: {measure.name}")


def probability(name: str, title: str, values: Sequence[float]) -> str:
    """Draw the distribution of probabilities (0 to 1); the axis ends below the lowest of them.

    Args:
        name: distinguishes the chart from others of its kind.
        title: of the chart.
        values: at least one.
    """
    low = min(0.5, np.floor(min(values) * 10) / 10)
    edges = np.linspace(low, 1, _BINS + 1)
    with chart_style():
        figure, axes = _column()
        axes.stairs(_shares(values, edges), edges, fill=True, color=PREDICTION)
        axes.set_title(title)
        axes.set_xlim(low, 1)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        return to_svg(figure, f"probability-{name}", f"Histogram: {title}")


def moves(offsets: Mapping[str, Sequence[int]], kind: str, distance: int) -> str:
    """Draw how far refinement moved the boundaries of a kind.

    Args:
        offsets: nt by kind, positive downstream.
        kind: a key of ``KINDS_OF_BOUNDARY``.
        distance: farthest move that is allowed, nt.
    """
    limit = max(distance, max(map(abs, offsets[kind]), default=1), 1)
    width = max(1, -(-2 * limit // 60))
    name = KINDS_OF_BOUNDARY[kind]
    half = -(-limit // width) * width + width / 2
    edges = np.arange(-half, half + width, width)
    with chart_style():
        figure, axes = _column()
        counts, _ = np.histogram(offsets[kind], edges)
        axes.stairs(counts, edges, fill=True, color=PREDICTION)
        axes.axvline(0, color="#444444", linewidth=0.6)
        axes.set_title(f"{name[:1].upper()}{name[1:]} ({len(offsets[kind]):,} moves)")
        axes.set_xlabel("offset (nt, positive downstream)")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        return to_svg(figure, f"moves-{kind}", f"Histogram: moves of {KINDS_OF_BOUNDARY[kind]}")


def map_of_genes(gene_map: GeneMap) -> str:
    """Draw the largest sequences with annotated genes above the line, the others below it."""
    rows = len(gene_map.shown)
    bins = [gene_map.bins(seqid) for seqid in gene_map.shown]
    above, below = (highest or 1 for highest in gene_map.highest)
    scale, unit = _unit(max(gene_map.lengths.values(), default=1))
    step = gene_map.bin_size / scale
    with chart_style():
        figure = Figure(figsize=(7.4, 0.65 + 0.42 * rows), layout="constrained")
        axes = figure.add_subplot()
        for row, (seqid, counts) in enumerate(zip(gene_map.shown, bins, strict=True)):
            edges = np.arange(counts.shape[1] + 1) * step
            annotated = row - 0.55 * counts[0] / above
            rejected = row + 0.3 * counts[1] / below
            skipped = rejected + 0.3 * counts[2] / below
            line = [0, gene_map.lengths[seqid] / scale]
            axes.plot(line, [row, row], color="#666666", linewidth=0.7, solid_capstyle="butt")
            for values, base, colour in (
                (annotated, row, ANNOTATED),
                (rejected, row, REJECTED),
                (skipped, rejected, SKIPPED),
            ):
                if (values != base).any():
                    axes.stairs(values, edges, baseline=base, fill=True, color=colour)
        axes.set_yticks(range(rows), [label(name) for name in gene_map.shown])
        axes.set_ylim(rows - 0.55, -0.7)
        axes.set_xlim(left=0)
        axes.margins(x=0.01)
        axes.set_xlabel(f"position ({unit})")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        return to_svg(figure, "map", "Genes along the sequences")


def _column() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_COLUMN, layout="constrained")
    return figure, figure.add_subplot()


def _title(measure: Measure) -> str:
    return f"{measure.name} ({measure.unit})" if measure.unit else measure.name


def _draw_lengths(
    axes: Axes,
    groups: Sequence[Sequence[int]],
    source: Sequence[int] | None,
    predicted: Sequence[int],
) -> None:
    positive = [max(1, value) for values in groups for value in (min(values), max(values))]
    low, high = (np.log10(edge) for edge in (min(positive, default=1), max(positive, default=10)))
    edges = np.logspace(np.floor(low * 4) / 4, np.ceil(high * 4 + 1e-9) / 4 + 1e-3, _BINS + 1)
    if source:
        axes.stairs(
            _shares(np.maximum(source, 1), edges), edges, fill=True, color=SOURCE, alpha=0.5
        )
    if predicted:
        shares = _shares(np.maximum(predicted, 1), edges)
        axes.stairs(shares, edges, color=PREDICTION, linewidth=1.3)
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_locator(FixedLocator(_log_ticks(edges[0], edges[-1])))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _draw_counts(
    axes: Axes, most: int, source: Sequence[int] | None, predicted: Sequence[int]
) -> None:
    edges = np.arange(0.5, most + 1.5)
    if source:
        shares = _shares(np.minimum(source, most), edges)
        axes.stairs(shares, edges, fill=True, color=SOURCE, alpha=0.5)
    if predicted:
        shares = _shares(np.minimum(predicted, most), edges)
        axes.stairs(shares, edges, color=PREDICTION, linewidth=1.3)
    names = [*(str(number) for number in range(1, most)), f"≥{most}"]
    axes.set_xticks(range(1, most + 1), names)
    axes.set_xlim(0.5, most + 0.5)


def _log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten, and what lies between them where there are few."""
    steps = (1,) if high > _FEW_DECADES * low else (1, 2, 5)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))))
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def _shares(values: npt.ArrayLike, edges: _Floats) -> _Floats:
    """Return the percentage of values in each bin."""
    counts, _ = np.histogram(values, edges)
    return 100 * counts / max(np.size(values), 1)


def _unit(longest: int) -> tuple[float, str]:
    return (_MEGABASE, "Mb") if longest >= _MEGABASE else (1000, "kb")
