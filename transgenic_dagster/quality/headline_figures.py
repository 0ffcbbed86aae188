"""The figures of a result that matter most, as numbers, and as a file beside the result."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from transgenic_dagster.evaluation.change_log import Change
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.quality.comparison import Comparison
from transgenic_dagster.quality.structures import Structures
from transgenic_dagster.system.atomic_files import atomic_write


@dataclass(frozen=True)
class HeadlineFigures:
    """Figures of a result; those that it does not have are None.

    Args:
        genes: genes of the input.
        annotated: those with a gene model.
        rejected: those whose model output was rejected.
        skipped: those that the model did not read.
        annotated_percent: share with a gene model of the genes that the model could have annotated.
        transcripts: predicted transcripts.
        complete_frames_percent: share of them from a start codon to a stop codon.
        isoforms_per_gene: transcripts per gene model.
        mean_confidence: mean token probability over transcripts, 0 to 1.
        cds_sensitivity_percent: share of the input's coding nucleotides that are coding in the
            output; this and what follows only where the input has CDS.
        cds_precision_percent: share of the output's coding nucleotides that are coding in the
            input.
        exact_cds_sensitivity_percent: share of the input's coding structures that the output has,
            to the base.
        exact_cds_precision_percent: share of the output's coding structures that the input has.
        changed_genes: genes of the input that the output does not have as they were.
        isoforms_gained: new transcripts beside those of the input; only where it was completed, and
            figures of transcripts are of these.
    """

    genes: int
    annotated: int
    rejected: int
    skipped: int
    annotated_percent: float | None
    transcripts: int
    complete_frames_percent: float | None
    isoforms_per_gene: float | None
    mean_confidence: float | None
    cds_sensitivity_percent: float | None = None
    cds_precision_percent: float | None = None
    exact_cds_sensitivity_percent: float | None = None
    exact_cds_precision_percent: float | None = None
    changed_genes: int | None = None
    isoforms_gained: int | None = None

    @classmethod
    def of(
        cls, accounting: Accounting, structures: Structures, comparison: Comparison | None
    ) -> Self:
        """Return the figures of a result.

        Args:
            accounting: what became of every gene.
            structures: of the gene models.
            comparison: the output against its input; None where that has no CDS.
        """
        agreement: dict[str, float | None] = {}
        if comparison:
            base = comparison.evaluation.cds.level("base")
            exact = comparison.evaluation.coding[0]
            unchanged = comparison.changes.counts()[Change.UNCHANGED]
            of_input = sum(bool(one.input_gene) for one in comparison.changes.genes)
            agreement = {
                "cds_sensitivity_percent": _rounded(base.sensitivity),
                "cds_precision_percent": _rounded(base.precision),
                "exact_cds_sensitivity_percent": _rounded(exact.sensitivity),
                "exact_cds_precision_percent": _rounded(exact.precision),
                "changed_genes": of_input - unchanged,
            }
        genes, transcripts = structures.genes, structures.transcripts
        return cls(
            genes=accounting.total,
            annotated=accounting.annotated,
            rejected=accounting.rejected.total(),
            skipped=accounting.skipped.total(),
            annotated_percent=_percent(accounting.annotated, accounting.for_model),
            transcripts=transcripts,
            complete_frames_percent=_percent(structures.complete, transcripts),
            isoforms_per_gene=round(transcripts / genes, 2) if genes else None,
            mean_confidence=structures.confidence,
            isoforms_gained=accounting.isoforms_gained,
            **agreement,  # type: ignore[arg-type]
        )

    def numbers(self) -> dict[str, int | float]:
        """Return the figures that there are, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def table(self) -> str:
        """Return the figures as a table in Markdown."""
        rows = (f"| {_name(name)} | {value:,} |" for name, value in self.numbers().items())
        return "\n".join(("| figure | value |", "|---|--:|", *rows))


def write_figures(path: Path, figures: HeadlineFigures, annotation_sha256: str) -> None:
    """Write figures as JSON.

    Args:
        path: the file.
        figures: of an annotation.
        annotation_sha256: digest of that annotation.
    """
    values = {"annotation_sha256": annotation_sha256, "figures": asdict(figures)}
    with atomic_write(path) as file:
        file.write(json.dumps(values, indent=2) + "\n")


def read_figures(path: Path, annotation_sha256: str | None) -> HeadlineFigures | None:
    """Return the figures of an annotation; None where the file is missing or has others."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["annotation_sha256"] != annotation_sha256:
            return None
        return HeadlineFigures(**values["figures"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _name(name: str) -> str:
    return name.replace("_percent", ", %").replace("cds", "CDS").replace("_", " ")


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)
