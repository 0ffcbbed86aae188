"""The evaluation of a predicted annotation against a reference, sequence by sequence."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from transgenic_dagster.evaluation.annotation_reader import Annotation, read_transcripts
from transgenic_dagster.evaluation.classification import StrandReference, classify
from transgenic_dagster.evaluation.coding import CodingCounts
from transgenic_dagster.evaluation.duplicates import without_duplicates
from transgenic_dagster.evaluation.isoforms import isoforms
from transgenic_dagster.evaluation.levels import Counts, SideCounts
from transgenic_dagster.evaluation.loci import find_loci
from transgenic_dagster.evaluation.measures import (
    CLASS_CODES,
    ClassifiedTranscript,
    Evaluation,
)
from transgenic_dagster.evaluation.sequence_quality import QualityCounts, is_mostly_soft_masked
from transgenic_dagster.evaluation.strands import with_strands
from transgenic_dagster.evaluation.transcripts import Transcript, coding_transcripts
from transgenic_dagster.sequences.fasta import Genome, open_genome
from transgenic_dagster.sequences.natural_order import natural_key

logger = logging.getLogger(__name__)

_STRANDS = ("+", "-")


def evaluate_files(predicted: Path, reference: Path, genome: Path | None = None) -> Evaluation:
    """Compare two annotation files of one genome.

    Args:
        predicted: GFF3, GTF or a relative, plain or compressed.
        reference: likewise.
        genome: FASTA file of both, for reading frames, splice sites and class code ``r``.

    Raises:
        InputError: a file is missing, unreadable or not what it should be.
    """
    annotations = read_transcripts(predicted), read_transcripts(reference)
    with opened_genome(genome) as sequences:
        return evaluate(*annotations, sequences)


def evaluate(
    predicted: Annotation, reference: Annotation, genome: Genome | None = None
) -> Evaluation:
    """Compare two annotations of one genome.

    Args:
        predicted: what is judged.
        reference: what it is judged by.
        genome: the sequences of both, if known.
    """
    seqids = predicted.transcripts.keys() | reference.transcripts.keys()
    both = predicted.transcripts, reference.transcripts
    if all(both) and both[0].keys().isdisjoint(both[1]):
        logger.warning(
            "%s and %s have no sequence name in common (for example %s and %s): nothing can match.",
            *(predicted.name, reference.name),
            *(min(predicted.transcripts), min(reference.transcripts)),
        )
    run = _Run()
    for seqid in sorted(seqids, key=natural_key):
        run.add(
            predicted.transcripts.get(seqid, []),
            reference.transcripts.get(seqid, []),
            _sequence(genome, seqid),
        )
    has_genome = genome is not None
    codes = dict.fromkeys(CLASS_CODES, 0)
    for one in run.classified:
        codes[one.code] += 1
    return Evaluation(
        predicted=predicted.name,
        reference=reference.name,
        exons=run.exons.measures(),
        cds=run.cds.measures(),
        coding=run.coding.levels,
        phases=run.coding.phases,
        predicted_isoforms=run.coding.predicted_isoforms,
        reference_isoforms=run.coding.reference_isoforms,
        splicing_events=run.coding.events,
        class_codes=codes,
        predicted_sequence=run.predicted_quality.result() if has_genome else None,
        reference_sequence=run.reference_quality.result() if has_genome else None,
        transcripts=tuple(run.classified),
    )


class _Run:
    """Results so far of an evaluation."""

    def __init__(self) -> None:
        self.exons = Counts(SideCounts(), SideCounts())
        self.cds = Counts(SideCounts(), SideCounts())
        self.coding = CodingCounts()
        self.predicted_quality = QualityCounts()
        self.reference_quality = QualityCounts()
        self.classified: list[ClassifiedTranscript] = []

    def add(
        self, predicted: list[Transcript], reference: list[Transcript], sequence: str | None
    ) -> None:
        """Compare the transcripts of one sequence."""
        ours, theirs = isoforms(predicted), isoforms(reference)
        self.coding.add(ours, theirs)
        oriented, references = _count(self.exons, predicted, reference)
        _count(self.cds, coding_transcripts(oriented), coding_transcripts(reference))
        is_repeat: Callable[[Transcript], bool] | None = None
        if sequence is not None:
            is_repeat = partial(is_mostly_soft_masked, sequence=sequence)
            self.predicted_quality.add(ours, sequence)
            self.reference_quality.add(theirs, sequence)
        for one, code, match in classify(oriented, references, is_repeat):
            self.classified.append(
                ClassifiedTranscript(
                    seqid=one.seqid,
                    start=one.start,
                    end=one.end,
                    strand=one.strand,
                    gene_id=one.gene_id,
                    transcript_id=one.transcript_id,
                    exons=len(one.exons),
                    length=one.length,
                    code=code,
                    reference_gene=match.gene_id if match else "",
                    reference_transcript=match.transcript_id if match else "",
                )
            )


def _count(
    counts: Counts, predicted: list[Transcript], reference: list[Transcript]
) -> tuple[list[Transcript], dict[str, StrandReference]]:
    """Count one sequence; return the prediction with strands, and the reference by strand."""
    references = {}
    for strand in _STRANDS:
        transcripts = [one for one in reference if one.strand == strand]
        kept = without_duplicates(transcripts)
        counts.reference.duplicates += len(transcripts) - len(kept)
        references[strand] = StrandReference(find_loci(kept))
    oriented = with_strands(predicted, references)
    for strand in _STRANDS:
        loci = find_loci(one for one in oriented if one.strand == strand)
        counts.add_strand(loci, references[strand].loci)
    counts.add_unstranded(find_loci(one for one in oriented if one.strand == "."))
    return oriented, references


def _sequence(genome: Genome | None, seqid: str) -> str | None:
    if genome is None:
        return None
    if seqid not in genome.lengths:
        return ""
    return genome.fetch(seqid, 0, genome.lengths[seqid])


@contextmanager
def opened_genome(genome: Path | None) -> Iterator[Genome | None]:
    """Open a FASTA file, if there is one, without writing beside it."""
    if genome is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, open_genome(genome, Path(folder)) as sequences:
        yield sequences
