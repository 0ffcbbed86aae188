"""An evaluation as text for the screen, and its transcripts as a table."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from transgenic_dagster.evaluation.change_log import ChangeLog
from transgenic_dagster.evaluation.measures import (
    CLASS_CODES,
    Contents,
    Evaluation,
    Level,
    SequenceQuality,
    StructureMeasures,
    percentage,
)
from transgenic_dagster.system.output_files import write_output

COLUMNS = (
    *("seqid", "start", "end", "strand", "gene", "transcript", "exons", "length"),
    *("class_code", "reference_gene", "reference_transcript"),
)
"""Columns of the table of transcripts."""

_LEVEL_HEADER = ("", "sensitivity", "precision", "F1", "reference", "predicted")
_UNMATCHED_HEADER = ("", "missed", "of reference", "novel", "of predicted")


def render(evaluation: Evaluation) -> str:
    """Return an evaluation as tables of plain text, percentages with one decimal."""
    exons, cds = evaluation.exons, evaluation.cds
    names = [f"predicted: {evaluation.predicted}", f"reference: {evaluation.reference}"]
    parts = [
        "\n".join(
            [
                f"{names[0]}, {_contents(exons.predicted)}",
                f"{names[1]}, {_contents(exons.reference)}",
            ]
        ),
        *_structure("Exons", exons),
        *_structure("CDS", cds),
        _levels("Coding structures", evaluation.coding),
        _levels("Splicing events", evaluation.splicing_events),
        _other(evaluation),
        _class_codes(evaluation),
    ]
    return "\n\n".join(parts) + "\n"


def render_changes(log: ChangeLog) -> str:
    """Return the number of genes for every kind of change, as plain text."""
    rows = [(change.value, f"{count:,}") for change, count in log.counts().items()]
    return _table(("Genes", "changed"), rows) + "\n"


def write_transcripts(path: Path, evaluation: Evaluation) -> None:
    """Write the predicted transcripts and their class codes; positions 1-based, ends included."""
    with write_output(path) as file:
        file.write("\t".join(COLUMNS) + "\n")
        for one in evaluation.transcripts:
            columns = (
                *(one.seqid, one.start + 1, one.end, one.strand, one.gene_id, one.transcript_id),
                *(one.exons, one.length, one.code),
                *(one.reference_gene or ".", one.reference_transcript or "."),
            )
            file.write("\t".join(map(str, columns)) + "\n")


def _contents(contents: Contents) -> str:
    text = (
        f"{contents.transcripts:,} transcripts ({contents.multi_exon:,} with introns)"
        f" in {contents.loci:,} loci"
    )
    return text + (f"; {contents.duplicates:,} duplicates left out" * bool(contents.duplicates))


def _structure(title: str, measures: StructureMeasures) -> tuple[str, str]:
    rows = [
        (
            one.name,
            *(f"{one.missed:,}", _percent(percentage(one.missed, one.reference_total))),
            *(f"{one.novel:,}", _percent(percentage(one.novel, one.predicted_total))),
        )
        for one in measures.unmatched
    ]
    return _levels(title, measures.levels), _table(_UNMATCHED_HEADER, rows)


def _levels(title: str, levels: Iterable[Level]) -> str:
    rows = [
        (
            *(level.name, _percent(level.sensitivity), _percent(level.precision)),
            _percent(level.f1),
            f"{level.reference_matched:,}/{level.reference_total:,}",
            f"{level.predicted_matched:,}/{level.predicted_total:,}",
        )
        for level in levels
    ]
    return _table((title, *_LEVEL_HEADER[1:]), rows)


def _other(evaluation: Evaluation) -> str:
    phases = evaluation.phases
    rows = [
        (
            "CDS parts with equal phase, of shared ones",
            _percent(percentage(phases.agreeing, phases.shared)),
            f"{phases.agreeing:,}/{phases.shared:,}",
        )
    ]
    for name, isoforms in (
        ("predicted", evaluation.predicted_isoforms),
        ("reference", evaluation.reference_isoforms),
    ):
        mean = "-" if isoforms.per_gene is None else f"{isoforms.per_gene:.2f}"
        counts = f"{isoforms.transcripts:,}/{isoforms.genes:,}"
        rows.append((f"isoforms per gene, {name}", mean, counts))
    for name, quality in (
        ("predicted", evaluation.predicted_sequence),
        ("reference", evaluation.reference_sequence),
    ):
        rows += _quality(name, quality) if quality else []
    return _table(("Other", "", ""), rows)


def _quality(name: str, quality: SequenceQuality) -> list[tuple[str, str, str]]:
    return [
        (
            f"complete reading frames, {name}",
            _percent(percentage(quality.complete, quality.coding)),
            f"{quality.complete:,}/{quality.coding:,}",
        ),
        (
            f"canonical introns, {name}",
            _percent(percentage(quality.canonical, quality.introns)),
            f"{quality.canonical:,}/{quality.introns:,}",
        ),
    ]


def _class_codes(evaluation: Evaluation) -> str:
    rows = [
        (code, f"{count:,}", _percent(percentage(count, len(evaluation.transcripts))))
        for code, count in evaluation.class_codes.items()
        if count
    ]
    table = _table(("Class code", "transcripts", ""), rows).split("\n")
    meanings = ["", *(CLASS_CODES[code] for code, _, _ in rows)]
    return "\n".join(
        f"{line}  {meaning}".rstrip() for line, meaning in zip(table, meanings, strict=True)
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        first, *others = (
            f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return "\n".join(lines)
