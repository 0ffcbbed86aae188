"""Tables on how sure the model is, with the share that the input has too, level by level."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from transgenic_dagster.report.certainty import ENDS, LEVELS, Certainty, level_of
from transgenic_dagster.report.collect import Figures
from transgenic_dagster.report.concerns import UNLIKELY
from transgenic_dagster.report.tables import Cell, Table, share

_LEVEL_NAMES: Final = [
    f"below {highest}" if lowest == 0 else f"{lowest} to {highest:g}" for highest, lowest in LEVELS
]
_CAPTION: Final = (
    "Genes by confidence, the mean probability of the model output’s tokens{}; how many there are "
    "at each level."
)
_PARTS: Final = (
    ", isoforms by their share of the probability (isoform_probability), and coding parts by the "
    "probability of their two ends (column 6), in every transcript that has them"
)


def certainty_tables(figures: Figures, *, compared: bool) -> Sequence[Table]:
    """Return the tables: by level, and for coding parts by what their ends are.

    Args:
        figures: of the report.
        compared: whether the input says of a coding part whether it has that, too.
    """
    certainty = figures.certainty
    parts = len(certainty.probabilities) + certainty.moved.total()
    return (
        [_levels_table(figures, parts, compared), _ends_table(certainty)]
        if parts
        else [_confidence_table(figures)]
    )


def _confidence_table(figures: Figures) -> Table:
    genes = _by_level(figures.predictions.confidence)
    rows: list[Sequence[Cell]] = list(zip(_LEVEL_NAMES, genes, strict=True))
    rows.append(("all", sum(genes)))
    return Table("probabilities", _CAPTION.format(""), ("Probability", "Genes"), rows, totals=1)


def _levels_table(figures: Figures, parts: int, compared: bool) -> Table:
    predictions, certainty = figures.predictions, figures.certainty
    counts = [
        _by_level(values)
        for values in (
            predictions.confidence,
            predictions.isoform_probability,
            certainty.probabilities,
        )
    ]
    found = [certainty.in_input[level] for level in range(len(LEVELS))]
    moved, moved_found = certainty.moved.total(), certainty.moved_in_input
    rows: list[Sequence[Cell]] = [
        (name, *row, known, share(known, row[-1]))
        for name, *row, known in zip(_LEVEL_NAMES, *counts, found, strict=True)
    ]
    rows.append(("moved by refinement", None, None, moved, moved_found, share(moved_found, moved)))
    known = sum(found) + moved_found
    rows.append(("all", *map(sum, counts[:2]), parts, known, share(known, parts)))
    header: Sequence[str] = (
        "Probability",
        "Genes",
        "Isoforms",
        "Coding parts",
        "In the input too",
        "%",
    )
    caption = _CAPTION.format(_PARTS)
    if compared:
        caption += " If the probabilities are reliable, the share in the input rises with them."
    else:
        header, rows = header[:4], [row[:4] for row in rows]
    return Table("probabilities", caption, header, rows, totals=1)


def _ends_table(certainty: Certainty) -> Table:
    rows: list[Sequence[Cell]] = []
    for place, ends in ENDS.items():
        values, moved = certainty.written[place], certainty.moved[place]
        unlikely = sum(value < UNLIKELY for value in values)
        rows.append(
            (
                f"{place}: {ends}",
                len(values) + moved,
                moved,
                f"{median(values):.3f}" if values else None,
                unlikely,
                share(unlikely, len(values)),
            )
        )
    return Table(
        "ends",
        "Coding parts by their place in the transcript. Medians and parts with a probability below "
        f"{UNLIKELY} are those of parts as the model wrote them; where refinement moved an end, "
        "the model wrote another.",
        ("Coding part: its ends", "Number", "Moved", "Median", f"Below {UNLIKELY}", "%"),
        rows,
    )


def _by_level(values: Iterable[float]) -> list[int]:
    counts = [0] * len(LEVELS)
    for value in values:
        counts[level_of(value)] += 1
    return counts
