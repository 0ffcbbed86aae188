"""Collects the figures of a completed annotation: what genes gained, and how good that is."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nlargest
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import InputError
from transgenic_dagster.evaluation.splicing_events import EventKind, find_events
from transgenic_dagster.evaluation.transcripts import Transcript
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.completed_check import check_completed
from transgenic_dagster.gene_models.completed_rows import CompletedRows
from transgenic_dagster.input_genes.gene_rows import Row
from transgenic_dagster.report.certainty import Certainty, known_parts, parts_of
from transgenic_dagster.report.collect import Figures, SortedInput
from transgenic_dagster.report.concerns import Suspect, Suspects, concerns_about
from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows, new_genes
from transgenic_dagster.report.predictions import Predictions
from transgenic_dagster.report.reject_lines import read_rejects
from transgenic_dagster.report.structure import Structure, introns_of

SHOWN: Final = 6
"""Genes that gained most, as many as are drawn."""


class Novelty(StrEnum):
    """What a new isoform has that no transcript of its gene had."""

    INTRON = "an intron that the gene did not have"
    CODING = "no new intron, but another coding sequence"
    UNTRANSLATED = "the coding sequence of another, but other UTRs"


@dataclass
class KeptRows:
    """Rows of one type (column 3).

    Args:
        of_input: rows of the input.
        unchanged: those of them that the completed annotation has byte for byte.
        new: rows of new isoforms.
    """

    of_input: int = 0
    unchanged: int = 0
    new: int = 0


@dataclass
class Gains:
    """What the genes of the input gained.

    Args:
        rows: by type.
        transcripts: transcripts of the input, coding or not.
        genes: genes by the number of isoforms that they gained, for one or more.
        novelty: new isoforms by what they have that their gene had not.
        events: alternative splicing events that the genes had before, and those that are new.
        most: genes that gained most, with their transcripts before and the new ones.
    """

    rows: dict[str, KeptRows] = field(default_factory=dict)
    transcripts: int = 0
    genes: Counter[int] = field(default_factory=Counter)
    novelty: Counter[Novelty] = field(default_factory=Counter)
    events: dict[EventKind, list[int]] = field(
        default_factory=lambda: {kind: [0, 0] for kind in EventKind}
    )
    most: list[Suspect] = field(default_factory=list)

    def add(self, new: GeneBlock, before: GeneBlock) -> None:
        """Count a gene that gained isoforms."""
        self.genes[len(new.transcripts)] += 1
        self.novelty.update(novelty_of(one, before) for one in new.transcripts)
        earlier = find_events(_plain(before))
        for column, events in enumerate((earlier, find_events(_plain(before, new)) - earlier)):
            for kind, _, _ in events:
                self.events[kind][column] += 1


@dataclass(frozen=True)
class CompletedFigures(Figures):
    """Figures of the new isoforms of a completed annotation.

    Args:
        gains: what the genes gained.
    """

    gains: Gains


def collect_completion(
    gff3: Path, rejects: Path, accounting: Accounting, source: SortedInput
) -> CompletedFigures:
    """Read the files of a run that completed its input.

    Args:
        gff3: the completed annotation.
        rejects: final reject report.
        accounting: final counts of the run.
        source: the input, which tells new rows from those of an earlier completion.

    Raises:
        InputError: the files do not belong together.
    """
    if faults := check_completed(gff3, source.path).faults:
        raise InputError(
            f"{gff3} was changed after the run, or belongs to another one: {faults[0]}."
        )
    gains, new = Gains(), dict[str, GeneBlock]()
    for gene in new_genes(_new_rows(gff3, source.path, gains)):
        new[gene.gene_id] = gene
    found = sum(len(gene.transcripts) for gene in new.values())
    if found != accounting.isoforms_gained:
        raise InputError(
            f"{gff3} has {found:,} new isoforms, but the run counted "
            f"{accounting.isoforms_gained or 0:,}; it was changed after the run, or belongs to "
            "another one."
        )
    predictions, certainty, suspects = Predictions(), Certainty(), Suspects()
    structure, gaining = Structure(), list[Suspect]()
    for before in source.genes():
        structure.add(before)
        gains.transcripts += len(before.transcripts)
        gene_id = before.gene_id
        if gene_id not in new:
            continue
        gene = new[gene_id]
        gains.add(gene, before)
        gaining.append(Suspect(gene_id, gene, before, None, ()))
        attributes = predictions.add(gene)
        known = known_parts(before)  # what the model was given is certain
        parts = [part for part in parts_of(gene, attributes) if (part.start, part.end) not in known]
        certainty.count(parts)
        if concerns := concerns_about(gene, attributes, parts, before):
            suspects.add(Suspect(gene_id, gene, before, None, concerns))
    gains.most = nlargest(SHOWN, gaining, key=_number_gained)
    return CompletedFigures(
        accounting,
        predictions,
        certainty,
        structure,
        read_rejects(rejects, ()),
        suspects.chosen(),
        gains,
    )


def completed_genes(gff3: Path, sorted_input: Path) -> Iterator[GeneBlock]:
    """Yield what genes gained, each with its new transcripts alone; arguments as above."""
    return new_genes(_new_rows(gff3, sorted_input, Gains()))


def novelty_of(new: TranscriptRows, before: GeneBlock) -> Novelty:
    """Return what a new isoform has that no transcript of its gene had."""
    introns = {intron for one in before.transcripts for intron in introns_of(one.exons)}
    if not introns.issuperset(introns_of(new.exons)):
        return Novelty.INTRON
    coding = {_places(one) for one in before.transcripts}
    return Novelty.UNTRANSLATED if _places(new) in coding else Novelty.CODING


def _places(transcript: TranscriptRows) -> tuple[tuple[int, int], ...]:
    return tuple((part.start, part.end) for part in transcript.cds)


def _number_gained(gaining: Suspect) -> int:
    return len(gaining.predicted.transcripts) if gaining.predicted else 0


def _new_rows(gff3: Path, sorted_input: Path, gains: Gains) -> Iterator[Row]:
    """Count all rows by type, and yield the columns of those that are not the input's."""
    for _, row, before in CompletedRows(gff3, sorted_input):
        columns = row.rstrip("\n").split("\t")
        counts = gains.rows.setdefault(columns[2], KeptRows())
        if before:
            counts.of_input += 1
            counts.unchanged += row == before
        else:
            counts.new += 1
            yield [column.encode() for column in columns]


def _plain(*genes: GeneBlock) -> list[Transcript]:
    """Return the transcripts of a gene, before and new, as comparisons see them."""
    first = genes[0]
    return [
        Transcript(
            transcript_id="",
            gene_id=first.gene_id,
            seqid=first.seqid,
            strand=first.strand,
            source="",
            exons=tuple((exon.start, exon.end) for exon in one.exons),
            cds=(),
            phases=(),
        )
        for gene in genes
        for one in gene.transcripts
    ]
