"""The page on a completed annotation."""

from collections.abc import Sequence

from transgenic_dagster.report import completion_tables
from transgenic_dagster.report.certainty_tables import certainty_tables
from transgenic_dagster.report.completion import CompletedFigures
from transgenic_dagster.report.page import draw, fill, headlines_of_transcripts, percent
from transgenic_dagster.report.run_facts import RunFacts
from transgenic_dagster.report.sections import Headline, Section
from transgenic_dagster.system.wording import counted

_RESULT = "new"


def render_completion(
    facts: RunFacts, figures: CompletedFigures, sections: Sequence[Section] = ()
) -> str:
    """Return the page as HTML, the same for the same facts and figures."""
    return fill(
        "completion.html",
        facts,
        figures,
        sections,
        headlines=headlines(figures),
        result=_RESULT,
        certainty=certainty_tables(figures, compared=False),
        completion=completion_tables,
        most=draw(figures.gains.most, _RESULT, "most"),
    )


def headlines(figures: CompletedFigures) -> Sequence[Headline]:
    """Return the figures that matter most."""
    accounting, gains = figures.accounting, figures.gains
    gaining, kept = gains.genes.total(), gains.transcripts
    found = [
        Headline(
            percent(gaining, accounting.annotated),
            "of the genes that the model continued gained isoforms",
            f"{gaining:,} of {accounting.annotated:,}; "
            f"{counted(accounting.isoforms_gained or 0, 'new isoform')}",
        ),
        Headline(
            f"{kept:,}",
            "transcripts of the input kept" if kept != 1 else "transcript of the input kept",
            "all of them, with every row as it was",
        ),
        Headline(
            f"{accounting.rejected.total() + accounting.skipped.total():,}",
            "genes stay as they were: the model could not continue or read them",
            f"{accounting.rejected.total():,} not continued, "
            f"{accounting.skipped.total():,} skipped",
        ),
    ]
    return [*found, *headlines_of_transcripts(figures)] if gaining else found
