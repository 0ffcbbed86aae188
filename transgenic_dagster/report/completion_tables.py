"""Tables of the report on a completed annotation: what was kept, what was gained."""

from collections.abc import Sequence
from dataclasses import replace

from transgenic_dagster.evaluation.splicing_events import EVENT_NAMES
from transgenic_dagster.report import tables
from transgenic_dagster.report.completion import CompletedFigures, Novelty
from transgenic_dagster.report.tables import Cell, Table, shares_table


def accounting_table(figures: CompletedFigures) -> Table:
    """What became of every gene of the input."""
    accounting, genes = figures.accounting, figures.gains.genes
    counts = (
        ("gained isoforms", genes.total()),
        ("gained none: the model wrote nothing that is new", accounting.annotated - genes.total()),
        ("could not be continued by the model", accounting.rejected.total()),
        ("skipped: never read by the model", accounting.skipped.total()),
    )
    return shares_table(
        "accounting",
        "What became of every gene of the input. Each gene is counted exactly once, and each is "
        "in the output.",
        ("Outcome", "Genes", "%"),
        counts,
        ("all genes of the input", accounting.total),
    )


def gained_table(figures: CompletedFigures) -> Table:
    """Genes by the number of isoforms that they gained."""
    genes = figures.gains.genes
    rows: list[Sequence[Cell]] = [
        (number, genes[number], number * genes[number]) for number in sorted(genes)
    ]
    rows.append(("all", genes.total(), figures.accounting.isoforms_gained))
    return Table(
        "gained",
        "Genes by the number of isoforms that they gained.",
        ("Isoforms gained", "Genes", "New isoforms"),
        rows,
        totals=1,
    )


def kept_table(figures: CompletedFigures) -> Table:
    """Rows of the input that were kept, and new ones, by type."""
    rows: list[Sequence[Cell]] = [
        (kind, one.of_input, one.unchanged, one.of_input - one.unchanged, one.new)
        for kind, one in figures.gains.rows.items()
    ]
    rows.append(("all", *(sum(int(row[i] or 0) for row in rows) for i in range(1, 5))))
    return Table(
        "kept",
        "Rows by type, compared with the input one by one. Rows that say more are those of genes "
        "that gained isoforms: they tell how many, and reach as far as these.",
        ("Rows", "Of the input", "Unchanged", "Say more", "Of new isoforms"),
        rows,
        totals=1,
    )


def novelty_table(figures: CompletedFigures) -> Table:
    """New isoforms by what they have that their gene had not."""
    novelty = figures.gains.novelty
    return shares_table(
        "novelty",
        "New isoforms by how they differ from all transcripts that their gene had.",
        ("New isoforms with", "Number", "%"),
        [(kind, novelty[kind]) for kind in Novelty],
        ("all new isoforms", novelty.total()),
    )


def events_table(figures: CompletedFigures) -> Table:
    """Alternative splicing of the genes that gained isoforms, before and new."""
    events = figures.gains.events
    return Table(
        "events",
        "Alternative splicing within the genes that gained isoforms, as rMATS defines the events: "
        "those between their transcripts of the input, and those that the new isoforms add.",
        ("Event", "Before", "New"),
        [(EVENT_NAMES[kind].replace("'", "′"), *counts) for kind, counts in events.items()],
    )


def reasons_table(figures: CompletedFigures) -> Table:
    """Genes and isoforms without a continuation, by reason; there is no remedy but the input."""
    table = tables.reasons_table(figures)
    return replace(
        table,
        caption="Why genes could not be continued. Isoforms are those that the model wrote for "
        "other genes and that are faulty; they are not in the output.",
        header=table.header[:-1],
        rows=[row[:-1] for row in table.rows],
        texts=frozenset({0, 3}),
    )
