"""Tables of the report, ready to be laid out: every number that the page shows in a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from transgenic_dagster.gene_models.gene_model import Orf
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.report.collect import Figures, PredictedFigures
from transgenic_dagster.report.predictions import KINDS_OF_BOUNDARY, Predictions
from transgenic_dagster.report.reject_lines import RejectLines
from transgenic_dagster.report.remedies import REMEDIES
from transgenic_dagster.report.run_facts import RunFacts
from transgenic_dagster.report.structure import MEASURES, Structure

Cell = str | int | float | None
"""A value: text, a number with thousands separators, a decimal with one place, or nothing."""

_FRAMES: Final = {
    Orf.COMPLETE: "complete: from ATG to a stop codon, none in between",
    Orf.PARTIAL5: "5′ partial: no start codon",
    Orf.PARTIAL3: "3′ partial: no stop codon",
    Orf.BROKEN: "broken: no reading frame fits",
}


@dataclass(frozen=True)
class Table:
    """One table.

    Args:
        identifier: of the element, and for links.
        caption: what one sees.
        header: of the columns.
        rows: of cells.
        texts: columns that hold text, by number from 0; the others hold numbers.
        totals: how many of the last rows are sums of the others.
    """

    identifier: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    texts: frozenset[int] = frozenset({0})
    totals: int = 0


def shown(value: Cell) -> str:
    """Return the text of a cell."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else value


def share(part: int, whole: int) -> float | None:
    """Return a percentage, None of nothing."""
    return 100 * part / whole if whole else None


def shares_table(
    identifier: str,
    caption: str,
    header: Sequence[str],
    counts: Iterable[tuple[str, int]],
    whole: tuple[str, int],
) -> Table:
    """Return counts, and what share of a whole each is.

    Args:
        identifier: see ``Table``.
        caption: see ``Table``.
        header: of name, count and percentage.
        counts: by name.
        whole: its name and count.
    """
    total_name, total = whole
    rows = [(name, count, share(count, total)) for name, count in counts]
    last = (total_name, total, share(1, 1))
    return Table(identifier, caption, header, [*rows, last], totals=1)


def files_table(facts: RunFacts) -> Table:
    """Inputs and outputs with their digests."""
    return Table(
        "files",
        "Files of the run. The digests identify their content (SHA-256, hexadecimal).",
        ("File", "Name", "Bytes", "SHA-256"),
        [(one.role, one.name, one.size, one.sha256 or None) for one in facts.files],
        frozenset({0, 1, 3}),
    )


def settings_table(facts: RunFacts) -> Table:
    """Model, versions, machine and options."""
    rows = [
        ("Model", facts.model),
        ("SHA-256 of the model", facts.model_sha256),
        *((name, version) for name, version in facts.versions.items()),
        *(("Hardware", one) for one in facts.hardware),
        *((f"--{name}", value) for name, value in facts.settings.items()),
    ]
    return Table(
        "settings",
        "Model, software, hardware and every option that results depend on.",
        ("Setting", "Value"),
        rows,
        frozenset({0, 1}),
    )


def time_table(facts: RunFacts) -> Table:
    """Wall-clock time by stage."""
    rows: list[Sequence[Cell]] = [(name, value) for name, value in facts.seconds.items()]
    rows.append(("all stages", float(sum(facts.seconds.values()))))
    return Table(
        "time",
        "Wall-clock time by stage, added up over interruptions and over sequences that were "
        "predicted at the same time; sessions that were killed are not counted.",
        ("Stage", "Seconds"),
        rows,
        totals=1,
    )


def accounting_table(figures: Figures) -> Table:
    """What became of every gene of the input."""
    accounting = figures.accounting
    counts = (
        ("annotated: at least one transcript is in the output", accounting.annotated),
        ("rejected: no usable gene model", accounting.rejected.total()),
        ("skipped: never read by the model", accounting.skipped.total()),
    )
    return shares_table(
        "accounting",
        "What became of every gene of the input. Each gene is counted exactly once.",
        ("Outcome", "Genes", "%"),
        counts,
        ("all genes of the input", accounting.total),
    )


def reasons_table(figures: Figures) -> Table:
    """Genes and isoforms without a gene model, by reason."""
    accounting, lines = figures.accounting, figures.rejects
    lost = accounting.rejected + accounting.skipped
    reasons = {*lost, *accounting.rejected_isoforms, *lines.skipped_lines}
    ordered = sorted(reasons, key=lambda reason: (-lost[reason], reason))
    rows = [
        (
            reason,
            lost[reason],
            accounting.rejected_isoforms[reason],
            _explanation(reason),
            _remedy(reason),
        )
        for reason in ordered
    ]
    return Table(
        "reasons",
        "Why genes have no gene model, and what to do. Isoforms are transcripts that annotated "
        "genes lost for the same reasons.",
        ("Reason", "Genes", "Isoforms", "Meaning", "What to do"),
        rows,
        frozenset({0, 3, 4}),
    )


def examples_table(lines: RejectLines) -> Table:
    """A few lines of the reject report for every reason."""
    rows = [
        (reason, example.gene_id, example.place, example.detail)
        for reason, examples in sorted(lines.examples.items())
        for example in examples
    ]
    return Table(
        "examples",
        "Examples: the first lines of the reject report for each reason. The reject report has "
        "them all, with the raw model output.",
        ("Reason", "Gene", "Place", "Detail"),
        rows,
        frozenset({0, 1, 2, 3}),
    )


def doubt_table(figures: Figures) -> Table:
    """Annotated genes that were kept in spite of a doubt, by reason."""
    doubtful = figures.accounting.doubtful
    rows = [(reason, doubtful[reason], _explanation(reason)) for reason in sorted(doubtful)]
    return Table(
        "doubtful",
        "Genes that were written in spite of a doubt (--keep_all); their rows say doubt=.",
        ("Reason", "Genes", "Meaning"),
        rows,
        frozenset({0, 2}),
    )


def frames_table(predictions: Predictions) -> Table:
    """Reading frames and codons of the predicted transcripts."""
    whole = len_transcripts(predictions)
    frames = [(text, predictions.frames[frame]) for frame, text in _FRAMES.items()]
    return shares_table(
        "frames",
        "Reading frames of the predicted transcripts, as the genome sequence has them.",
        ("Transcripts", "Number", "%"),
        [
            *(frames if predictions.frames else []),
            ("begins with ATG", predictions.start_codons),
            ("ends with a stop codon in frame", predictions.stop_codons),
            ("has no stop codon inside", predictions.without_inframe_stops),
        ],
        ("all transcripts", whole),
    )


def splice_table(predictions: Predictions) -> Table:
    """Splice sites of the predicted transcripts."""
    pairs = (
        ("introns with GT-AG, GC-AG or AT-AC ends", "canonical_introns", "introns"),
        (
            "spliced transcripts all of whose introns are so",
            "canonical_transcripts",
            "spliced_transcripts",
        ),
    )
    rows = [
        (
            text,
            getattr(predictions, part),
            getattr(predictions, whole),
            share(getattr(predictions, part), getattr(predictions, whole)),
        )
        for text, part, whole in pairs
    ]
    return Table(
        "splice",
        "Splice sites. Introns are counted in every transcript that has them.",
        ("", "Number", "Of", "%"),
        rows,
    )


def moves_table(predictions: Predictions) -> Table:
    """Moves of the refinement by kind of boundary."""
    rows: list[Sequence[Cell]] = []
    for kind, name in KINDS_OF_BOUNDARY.items():
        offsets = sorted(map(abs, predictions.moves.get(kind, ())))
        if offsets:
            is_move = kind != "exon"
            rows.append(
                (
                    name,
                    len(offsets),
                    float(median(offsets)) if is_move else None,
                    offsets[-1] if is_move else None,
                )
            )
    return Table(
        "moves",
        "Boundaries that refinement moved so that the DNA agrees, with the distance in nt.",
        ("Boundary", "Moves", "Median distance", "Farthest"),
        rows,
    )


def structure_table(predicted: Structure, source: Structure | None, title: str) -> Table:
    """Numbers of the predictions beside the input's.

    Args:
        predicted: of the predictions.
        source: of the input, None where it was not read.
        title: of the predictions' column.
    """
    both = (predicted, source) if source and source.transcripts else (predicted,)
    rows: list[Sequence[Cell]] = [
        ("Coding genes", *(one.genes for one in both)),
        ("Coding transcripts", *(one.transcripts for one in both)),
        ("Mono-exonic transcripts", *(one.mono_exonic for one in both)),
        ("Multi-exonic transcripts", *(one.multi_exonic for one in both)),
        ("Mono- to multi-exonic ratio", *(_ratio(one) for one in both)),
    ]
    return Table(
        "structure",
        "Coding genes and transcripts.",
        ("Number of", title, "Input")[: len(both) + 1],
        rows,
    )


def lengths_table(predicted: Structure, source: Structure | None, title: str) -> Table:
    """Means and medians of the predictions beside the input's; arguments as above."""
    both = (predicted, source) if source and source.transcripts else (predicted,)
    rows: list[Sequence[Cell]] = []
    for name, measure in MEASURES.items():
        row: list[Cell] = [f"{measure.name} ({measure.unit})" if measure.unit else measure.name]
        for one in both:
            values = one.values[name]
            row += [len(values), _mean(values), _median(values)]
        rows.append(row)
    columns = ("values", "mean", "median")
    names = [f"{side}, {column}" for side in (title, "Input") for column in columns]
    return Table(
        "lengths",
        "The distributions of the figure in numbers. UTRs are counted where a transcript has one, "
        "introns once per gene; protein lengths are whole codons less one for the stop codon.",
        ("", *names[: 3 * len(both)]),
        rows,
    )


def sequences_table(figures: PredictedFigures) -> Table:
    """Genes by sequence and outcome."""
    counts = figures.gene_map.rows()
    rows: list[Sequence[Cell]] = [
        (one.name, one.length, one.annotated, one.rejected, one.skipped) for one in counts
    ]
    rows.append(
        (
            "all sequences",
            sum(one.length for one in counts),
            sum(one.annotated for one in counts),
            sum(one.rejected for one in counts),
            sum(one.skipped for one in counts),
        )
    )
    return Table(
        "sequences",
        "Genes by sequence. Rows of the input that have no coordinates are on none.",
        ("Sequence", "Length (nt)", "Annotated", "Rejected", "Skipped"),
        rows,
        totals=1,
    )


def len_transcripts(predictions: Predictions) -> int:
    """Return the number of predicted transcripts; all are coding."""
    return predictions.structure.transcripts


def _explanation(reason: str) -> str:
    return _REASONS[reason].explanation.replace("`", "") if reason in _REASONS else ""


def _remedy(reason: str) -> str:
    return REMEDIES[_REASONS[reason]] if reason in _REASONS else ""


_REASONS = {reason.value: reason for reason in RejectReason}


def _ratio(structure: Structure) -> str:
    multi = structure.multi_exonic
    return f"{structure.mono_exonic / multi:.2f}" if multi else "–"


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _median(values: Sequence[int]) -> float | None:
    return float(median(values)) if values else None
