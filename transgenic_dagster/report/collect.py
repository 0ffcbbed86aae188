"""Collects all figures of a report in one reading of each file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.report.certainty import Certainty
from transgenic_dagster.report.concerns import (
    Suspect,
    Suspects,
    concern_about_lost,
    concerns_about,
)
from transgenic_dagster.report.gene_blocks import (
    GeneBlock,
    annotated_genes,
    input_genes,
    predicted_genes,
    sequence_lengths,
)
from transgenic_dagster.report.gene_map import GeneMap
from transgenic_dagster.report.predictions import Predictions
from transgenic_dagster.report.reject_lines import RejectLines, read_rejects
from transgenic_dagster.report.structure import Structure


@dataclass(frozen=True)
class SortedInput:
    """The input annotation as a run sorted it.

    Args:
        path: the sorted annotation, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.
    """

    path: Path
    feature_types: Sequence[str]

    def genes(self) -> Iterator[GeneBlock]:
        """Yield its genes, in the order of the gene list."""
        return input_genes(self.path, self.feature_types)


@dataclass(frozen=True)
class Figures:
    """Figures that every report has.

    Args:
        accounting: what became of every gene of the input.
        predictions: of the predicted genes, or of the isoforms that they gained.
        certainty: how sure the model is of their coding parts.
        source: structure of the input's coding genes, None where the input was not read.
        rejects: of the reject report.
        suspects: genes to look at first.
    """

    accounting: Accounting
    predictions: Predictions
    certainty: Certainty
    source: Structure | None
    rejects: RejectLines
    suspects: Sequence[Suspect]


@dataclass(frozen=True)
class PredictedFigures(Figures):
    """Figures of predicted genes.

    Args:
        gene_map: places of all genes.
    """

    gene_map: GeneMap


def collect(
    gff3: Path, rejects: Path, accounting: Accounting, sorted_input: SortedInput | None
) -> PredictedFigures:
    """Read the files of a run.

    Args:
        gff3: final annotation.
        rejects: final reject report.
        accounting: final counts of the run.
        sorted_input: the input; None where it is not there any more.

    Raises:
        InputError: the files do not belong together.
    """
    lines = read_rejects(rejects, annotated_genes(gff3))
    _check_counts(rejects, accounting, lines)
    lost = {gene.gene_id: gene for gene in (*lines.skipped_genes, *lines.rejected_genes)}
    predictions, certainty, suspects = Predictions(), Certainty(), Suspects()
    gene_map = GeneMap(sequence_lengths(gff3))
    source = Structure() if sorted_input else None
    kept = accounting.kept_input is not None
    for predicted, before in _pairs(gff3, sorted_input):
        if before and source:
            source.add(before)
        if predicted:
            gene_map.add_annotated(predicted.seqid, predicted.start, predicted.end)
            attributes = predictions.add(predicted)
            parts = certainty.add(predicted, attributes, before)
            concerns = concerns_about(predicted, attributes, parts, before)
            gene = None
            gene_id = predicted.gene_id
        elif before and before.gene_id in lost:
            gene_id = before.gene_id
            gene = lost[gene_id]
            concerns = concern_about_lost(gene, before, kept=kept)
        else:
            continue
        if concerns:
            suspects.add(Suspect(gene_id, predicted, before, gene, concerns))
    if len(predictions.confidence) != accounting.annotated:
        raise _mismatch(gff3, "genes", len(predictions.confidence), accounting.annotated)
    gene_map.add_lost(lines.rejected_genes, lines.skipped_genes)
    return PredictedFigures(
        accounting, predictions, certainty, source, lines, suspects.chosen(), gene_map
    )


def _pairs(
    gff3: Path, sorted_input: SortedInput | None
) -> Iterator[tuple[GeneBlock | None, GeneBlock | None]]:
    """Yield predicted genes with their input genes; both files have the same order."""
    predicted = predicted_genes(gff3)
    if sorted_input is None:
        for gene in predicted:
            yield gene, None
        return
    waiting = next(predicted, None)
    for before in sorted_input.genes():
        if waiting and waiting.gene_id == before.gene_id:
            yield waiting, before
            waiting = next(predicted, None)
        else:
            yield None, before
    if waiting:
        raise InputError(
            f"{gff3} has the gene {waiting.gene_id} where the input does not; the two files do "
            "not belong to one run."
        )


def _check_counts(rejects: Path, accounting: Accounting, lines: RejectLines) -> None:
    if lines.rejected != accounting.rejected:
        total = accounting.rejected.total()
        raise _mismatch(rejects, "rejected genes", lines.rejected.total(), total)
    if lines.isoforms != accounting.rejected_isoforms:
        total = accounting.rejected_isoforms.total()
        raise _mismatch(rejects, "rejected isoforms", lines.isoforms.total(), total)


def _mismatch(path: Path, what: str, found: int, expected: int) -> InputError:
    return InputError(
        f"{path} has {found:,} {what}, but the run counted {expected:,}; it was changed after the "
        "run, or belongs to another one."
    )
