"""Sections of the report on the input: what changed, and how far both annotations agree."""

from collections.abc import Mapping, Sequence
from typing import Final

from transgenic_dagster.evaluation.change_log import Change, ChangeLog
from transgenic_dagster.evaluation.measures import (
    CLASS_CODES,
    Evaluation,
    Level,
    StructureMeasures,
)
from transgenic_dagster.quality.comparison import Comparison
from transgenic_dagster.report.sections import Headline, Section
from transgenic_dagster.report.tables import Cell, Table, share, shares_table

_CHANGES: Final[Mapping[Change, str]] = {
    Change.UNCHANGED: "unchanged",
    Change.UTR_ONLY: "only UTRs changed",
    Change.CDS_CHANGED: "CDS changed",
    Change.ISOFORM_GAINED: "isoforms gained",
    Change.ISOFORM_LOST: "isoforms lost",
    Change.ISOFORM_GAINED_AND_LOST: "isoforms gained and lost",
    Change.MERGED: "merged with another gene",
    Change.SPLIT: "split into several genes",
    Change.LOST: "lost: nothing in its place",
    Change.OFF_TARGET: "off target: its prediction lies elsewhere",
    Change.NEW: "new: no gene of the input in its place",
}
_LEVEL_HEADER: Final = (
    *("", "Sensitivity, %", "Precision, %", "F1, %"),
    *("Input found", "Of input", "Output correct", "Of output"),
)


def comparison_sections(comparison: Comparison) -> Sequence[Section]:
    """Return the sections on a comparison: change log and evaluation."""
    return [_changes_section(comparison.changes), _evaluation_section(comparison.evaluation)]


def _changes_section(log: ChangeLog) -> Section:
    counts = log.counts()
    table = shares_table(
        "changes",
        "Genes by what became of them, input against output. Rows that were kept from the input "
        "are unchanged.",
        ("Genes", "Number", "%"),
        [(name, counts[change]) for change, name in _CHANGES.items()],
        ("all", len(log.genes)),
    )
    text = "The option --changes FILE writes what became of each gene as a table."
    return Section("change", "What changed", (text,), (table,))


def _evaluation_section(evaluation: Evaluation) -> Section:
    exact = evaluation.coding[0]
    headline = Headline(
        "–" if exact.sensitivity is None else f"{exact.sensitivity:.1f}%",
        "of the input’s coding structures found exactly",
        f"{exact.reference_matched:,} of {exact.reference_total:,}",
    )
    texts = (
        "The input is not the truth: where it is wrong, a better prediction lowers these figures. "
        "Sensitivity is the share of the input that the output has, precision the share of the "
        "output that the input has, as gffcompare defines them; the output includes rows kept "
        "from the input.",
    )
    tables = (
        _levels_table(
            "levels-cds",
            "Agreement of coding parts: transcripts by their CDS alone.",
            evaluation.cds.levels,
        ),
        _levels_table(
            "levels-exons",
            "Agreement of whole transcripts, UTRs and non-coding transcripts of the input "
            "included.",
            evaluation.exons.levels,
        ),
        _levels_table(
            "levels-coding",
            "Coding structures that agree to the base.",
            evaluation.coding,
        ),
        _unmatched_table(evaluation.exons),
        _levels_table(
            "levels-events",
            "Alternative splicing: events of the input that the output has, and the other way "
            "round, as rMATS defines them.",
            evaluation.splicing_events,
        ),
        _codes_table(evaluation),
    )
    return Section("agree", "Agreement with the input", texts, tables, headline)


def _levels_table(identifier: str, caption: str, levels: Sequence[Level]) -> Table:
    rows = [
        (
            level.name,
            level.sensitivity,
            level.precision,
            level.f1,
            level.reference_matched,
            level.reference_total,
            level.predicted_matched,
            level.predicted_total,
        )
        for level in levels
    ]
    return Table(identifier, caption, _LEVEL_HEADER, rows)


def _unmatched_table(measures: StructureMeasures) -> Table:
    rows = [
        (one.name, one.missed, one.reference_total, one.novel, one.predicted_total)
        for one in measures.unmatched
    ]
    return Table(
        "unmatched",
        "Exons, introns and loci without counterpart: those of the input that overlap nothing in "
        "the output (missed), and of the output that overlap nothing in the input (novel).",
        ("", "Missed", "Of input", "Novel", "Of output"),
        rows,
    )


def _codes_table(evaluation: Evaluation) -> Table:
    total = sum(evaluation.class_codes.values())
    rows: list[Sequence[Cell]] = [
        (code, CLASS_CODES[code], count, share(count, total))
        for code, count in evaluation.class_codes.items()
        if count
    ]
    rows.append(("all", "", total, share(1, 1)))
    return Table(
        "class-codes",
        "Transcripts of the output by gffcompare's class code; the reference is the input.",
        ("Code", "Meaning", "Transcripts", "%"),
        rows,
        frozenset({0, 1}),
        totals=1,
    )
