"""The page: figures, charts and facts laid out by a template, nothing of them trusted as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.gene_model import Orf
from transgenic_dagster.report import charts, tables
from transgenic_dagster.report.certainty_tables import certainty_tables
from transgenic_dagster.report.collect import Figures, PredictedFigures
from transgenic_dagster.report.concerns import UNLIKELY, Kind, Suspect
from transgenic_dagster.report.gene_drawing import draw_suspect
from transgenic_dagster.report.predictions import KINDS_OF_BOUNDARY
from transgenic_dagster.report.run_facts import RunFacts
from transgenic_dagster.report.sections import Headline, Section
from transgenic_dagster.report.structure import MEASURES

_LIKELY_ISOFORM = 0.5


@dataclass(frozen=True)
class Drawing:
    """A gene to look at.

    Args:
        suspect: the gene.
        place: where it is, 1-based.
        svg: the input above the prediction.
    """

    suspect: Suspect
    place: str
    svg: str

    @property
    def has_unlikely(self) -> bool:
        """Whether the model is not sure of some coding part."""
        return any(one.kind is Kind.UNLIKELY_ENDS for one in self.suspect.concerns)


class Numbering:
    """Numbers figures and tables in the order in which the template asks for them."""

    def __init__(self) -> None:
        self._figures = self._tables = 0

    def figure(self) -> str:
        """Title of the next figure."""
        self._figures += 1
        return f"Figure {self._figures}"

    def table(self) -> str:
        """Title of the next table."""
        self._tables += 1
        return f"Table {self._tables}"


def render(facts: RunFacts, figures: PredictedFigures, sections: Sequence[Section] = ()) -> str:
    """Return the page on a prediction as HTML, the same for the same facts and figures."""
    source = figures.source
    return fill(
        "report.html",
        facts,
        figures,
        sections,
        headlines=headlines(figures),
        result="predicted",
        certainty=certainty_tables(figures, compared=bool(source and source.transcripts)),
        gene_map=charts.map_of_genes(figures.gene_map),
    )


def fill(
    template: str,
    facts: RunFacts,
    figures: Figures,
    sections: Sequence[Section],
    *,
    headlines: Sequence[Headline],
    result: str,
    **more: object,
) -> str:
    """Fill a template of the report.

    Args:
        template: its name.
        facts: of the run.
        figures: of its results.
        sections: further ones.
        headlines: the figures that matter most, but for those of ``sections``.
        result: one word for what the model made, such as ``predicted``.
        more: what this template shows beyond the others, by name.
    """
    environment = Environment(
        loader=PackageLoader("transgenic_dagster.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = tables.shown
    predictions, source = figures.predictions, figures.source
    return environment.get_template(template).render(
        facts=facts,
        figures=figures,
        numbers=Numbering(),
        tables=tables,
        headlines=[*headlines, *(one.headline for one in sections if one.headline)],
        sections=sections,
        result=result,
        compared=bool(source and source.transcripts),
        distributions=[
            charts.distribution(
                name,
                predictions.structure.values[name],
                source.values[name] if source else None,
            )
            for name in MEASURES
        ],
        probabilities=_probability_charts(figures),
        moves=[
            charts.moves(predictions.moves, kind, facts.refine_distance or 0)
            for kind in KINDS_OF_BOUNDARY
            if kind != "exon" and predictions.moves.get(kind)
        ],
        drawings=draw(figures.suspects, result, "gene"),
        **more,
    )


def draw(suspects: Sequence[Suspect], result: str, name: str) -> Sequence[Drawing]:
    """Draw genes.

    Args:
        suspects: the genes.
        result: as ``fill`` takes it.
        name: distinguishes the drawings from the page's others.
    """
    return [
        _drawing(suspect, result, f"{name}-{number}")
        for number, suspect in enumerate(suspects, start=1)
    ]


def _of_genes(accounting: Accounting) -> str:
    text = f"{accounting.annotated:,} of {accounting.for_model:,}"
    other = accounting.total - accounting.for_model
    return f"{text}; {other:,} more are not coding, or not found" if other else text


def headlines(figures: PredictedFigures) -> Sequence[Headline]:
    """Return the figures that matter most."""
    accounting = figures.accounting
    return [
        Headline(
            percent(accounting.annotated, accounting.for_model),
            "of the input’s genes annotated",
            _of_genes(accounting),
        ),
        Headline(
            f"{accounting.rejected.total() + accounting.skipped.total():,}",
            "genes without a gene model",
            f"{accounting.rejected.total():,} rejected, {accounting.skipped.total():,} skipped",
        ),
        *headlines_of_transcripts(figures),
    ]


def headlines_of_transcripts(figures: Figures) -> Sequence[Headline]:
    """Return the figures on the quality of transcripts that matter most."""
    predictions = figures.predictions
    transcripts = predictions.structure.transcripts
    frames = predictions.frames
    found = []
    if frames:
        found.append(
            Headline(
                percent(frames[Orf.COMPLETE], transcripts),
                "complete reading frames",
                f"{frames[Orf.COMPLETE]:,} of {transcripts:,} transcripts",
            )
        )
    else:
        found.append(
            Headline(
                percent(predictions.without_inframe_stops, transcripts),
                "transcripts without a stop codon inside",
                f"{predictions.without_inframe_stops:,} of {transcripts:,}; not refined",
            )
        )
    found.append(
        Headline(
            percent(predictions.canonical_introns, predictions.introns),
            "introns with canonical ends",
            f"{predictions.canonical_introns:,} of {predictions.introns:,}",
        )
    )
    confidence = sorted(predictions.confidence)
    isoforms = predictions.isoform_probability
    if isoforms:
        likely = sum(probability >= _LIKELY_ISOFORM for probability in isoforms)
        found.append(
            Headline(
                percent(likely, len(isoforms)),
                "isoforms with most of the probability",
                f"{likely:,} of {len(isoforms):,}: isoform_probability ≥ {_LIKELY_ISOFORM}",
            )
        )
    likely = sum(probability >= UNLIKELY for probability in figures.certainty.probabilities)
    parts = len(figures.certainty.probabilities) + figures.certainty.moved.total()
    if parts:
        found.append(
            Headline(
                percent(likely, parts),
                "coding parts with likely ends",
                f"{likely:,} of {parts:,}: probability ≥ {UNLIKELY}",
            )
        )
    if confidence:
        found.append(
            Headline(
                f"{confidence[len(confidence) // 2]:.3f}",
                "median confidence",
                f"from {confidence[0]:.3f} to {confidence[-1]:.3f}",
            )
        )
    return found


def _probability_charts(figures: Figures) -> Sequence[str]:
    """Draw the distributions of what there is: confidence, isoforms, ends of coding parts."""
    kinds = {
        "confidence": ("Confidence of genes", figures.predictions.confidence),
        "isoforms": ("Probability of isoforms", figures.predictions.isoform_probability),
        "parts": ("Probability of coding parts’ ends", figures.certainty.probabilities),
    }
    return [
        charts.probability(name, title, values) for name, (title, values) in kinds.items() if values
    ]


def _drawing(suspect: Suspect, result: str, name: str) -> Drawing:
    gene = suspect.predicted or suspect.source or suspect.lost
    assert gene is not None, "a gene that raises concern is somewhere"
    place = f"{gene.seqid}:{gene.start + 1:,}–{gene.end:,} ({gene.strand})"
    return Drawing(suspect, place, draw_suspect(suspect, name, result))


def percent(part: int, whole: int) -> str:
    """Return a percentage as text."""
    return f"{100 * part / whole:.1f}%" if whole else "–"
