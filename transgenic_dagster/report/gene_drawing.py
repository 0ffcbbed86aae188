"""Drawings of genes: the input's transcripts above the predicted ones, to scale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval
from transgenic_dagster.report.certainty import CodingPart, coding_parts
from transgenic_dagster.report.concerns import Suspect, unlikely_parts
from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows
from transgenic_dagster.report.svg import PREDICTION, REJECTED, UNLIKELY_PART, chart_style, to_svg

MOST_TRANSCRIPTS = 4
_CODING, _UNTRANSLATED = 0.32, 0.16


@dataclass(frozen=True)
class _Track:
    """One line of a drawing; ``unlikely`` are coding parts of whose ends the model is not sure."""

    title: str
    colour: str
    strand: str
    transcript: TranscriptRows | None
    unlikely: Sequence[CodingPart] = ()


def draw_suspect(suspect: Suspect, name: str, result: str) -> str:
    """Draw a gene as the input has it, and below what the model made of it.

    Args:
        suspect: the gene.
        name: distinguishes the drawing from the page's others.
        result: one word for what the model made, such as ``predicted``.
    """
    tracks = [
        *_tracks(suspect.source, "input", "#555555"),
        *map(_with_unlikely, _tracks(suspect.predicted, result, PREDICTION)),
    ]
    if suspect.predicted is None:
        tracks.append(_Track("no gene model", REJECTED, "", None))
    start, end = _span(suspect)
    with chart_style():
        figure = Figure(figsize=(7.2, 0.45 + 0.22 * len(tracks)), layout="constrained")
        axes = figure.add_subplot()
        for row, track in enumerate(tracks):
            _draw(axes, row, track, end - start)
        margin = max(1, (end - start) * 0.02)
        axes.set_xlim(start - margin, end + margin)
        axes.set_ylim(len(tracks) - 0.4, -0.6)
        axes.set_yticks(range(len(tracks)), [track.title for track in tracks])
        for tick, track in zip(axes.get_yticklabels(), tracks, strict=True):
            tick.set_color(track.colour)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        return to_svg(figure, name, f"Structure of {suspect.gene_id}: input, and {result}")


def _span(suspect: Suspect) -> tuple[int, int]:
    places = [(one.start, one.end) for one in (suspect.source, suspect.predicted) if one]
    if suspect.lost and not places:
        places.append((suspect.lost.start, suspect.lost.end))
    return min(start for start, _ in places), max(end for _, end in places)


def _tracks(gene: GeneBlock | None, title: str, colour: str) -> Iterable[_Track]:
    if gene is None:
        return
    shown = gene.transcripts[:MOST_TRANSCRIPTS]
    if not shown:
        whole = TranscriptRows(exons=[Interval(gene.start, gene.end)])
        yield _Track(f"{title}, gene", colour, gene.strand, whole)
    for number, transcript in enumerate(shown, start=1):
        yield _Track(f"{title} {number}", colour, gene.strand, transcript)
    hidden = len(gene.transcripts) - len(shown)
    if hidden > 0:
        yield _Track(f"{hidden} more", colour, "", None)


def _with_unlikely(track: _Track) -> _Track:
    transcript = track.transcript
    if transcript is None:
        return track
    parts = coding_parts(transcript, track.strand, transcript.values())
    return replace(track, unlikely=unlikely_parts(parts))


def _draw(axes: Axes, row: int, track: _Track, width: int) -> None:
    transcript = track.transcript
    if transcript is None:
        return
    exons = transcript.exons or transcript.cds
    ends = [exons[0].start, exons[-1].end]
    axes.plot(ends, [row, row], color=track.colour, linewidth=0.8, solid_capstyle="butt", zorder=0)
    for parts, height, colour in (
        (exons, _UNTRANSLATED, track.colour),
        (transcript.cds, _CODING, track.colour),
        (track.unlikely, _CODING, UNLIKELY_PART),
    ):
        if parts:
            path = _boxes(parts, row, height, width / 600)
            axes.add_patch(PathPatch(path, facecolor=colour, linewidth=0))
    if track.strand in ("+", "-"):
        forward = track.strand == "+"
        axes.annotate(
            "▶" if forward else "◀",
            (ends[1] if forward else ends[0], row),
            xytext=(2 if forward else -2, 0),
            textcoords="offset points",
            ha="left" if forward else "right",
            va="center",
            fontsize=6,
            color=track.colour,
            annotation_clip=False,
        )


def _boxes(
    parts: Sequence[Interval | CdsPart | CodingPart], row: int, height: float, least: float
) -> Path:
    """Return the outline of parts, each at least so wide that it can be seen."""
    boxes = []
    for part in parts:
        end = max(part.end, part.start + least)
        low, high = row - height, row + height
        boxes.append(
            Path(
                [(part.start, low), (end, low), (end, high), (part.start, high), (part.start, low)],
                closed=True,
            )
        )
    return Path.make_compound_path(*boxes)
