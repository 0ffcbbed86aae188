"""The output of a run against its input: what became of each gene, and how far both agree."""

import json
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.evaluation.annotation_reader import Annotation, read_any_transcripts
from transgenic_dagster.evaluation.change_log import ChangeLog
from transgenic_dagster.evaluation.changes import find_changes
from transgenic_dagster.evaluation.evaluate import evaluate
from transgenic_dagster.evaluation.measures import Evaluation
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.system.output_files import read_output, read_output_bytes


@dataclass(frozen=True)
class Comparison:
    """The output against the input.

    Args:
        changes: what became of each gene.
        evaluation: the output judged by the input.
    """

    changes: ChangeLog
    evaluation: Evaluation


def compare_with_input(gff3: Path, rejects: Path, sorted_input: Path) -> Comparison | None:
    """Compare an output with its input.

    Args:
        gff3: final annotation.
        rejects: final reject report; a gene whose prediction was rejected as off target is not
            simply lost.
        sorted_input: the input as the run sorted it.

    Returns:
        The comparison; None where the input has no transcripts, exons or CDS.
    """
    before, after = _annotations(gff3, sorted_input)
    if not before.transcripts:
        return None
    changes = find_changes(before, after, _off_target(rejects))
    return Comparison(changes, evaluate(after, before))


def changes_of_input(gff3: Path, rejects: Path, sorted_input: Path) -> ChangeLog | None:
    """Tell what became of each gene, as ``compare_with_input`` does."""
    before, after = _annotations(gff3, sorted_input)
    return find_changes(before, after, _off_target(rejects)) if before.transcripts else None


def _annotations(gff3: Path, sorted_input: Path) -> tuple[Annotation, Annotation]:
    before = read_any_transcripts(sorted_input)
    with read_output_bytes(gff3) as lines:
        has_genes = any(not line.startswith(b"#") for line in lines)
    return before, read_any_transcripts(gff3) if has_genes else Annotation(gff3.name, {}, {})


def _off_target(rejects: Path) -> frozenset[tuple[str, str]]:
    """Sequence and identifier of the genes whose prediction was rejected as off target."""
    with read_output(rejects) as lines:
        found = (json.loads(line) for line in lines if RejectReason.OFF_TARGET in line)
        return frozenset(
            (reject["chrom"], reject["gm_id"])
            for reject in found
            if reject["reason"] == RejectReason.OFF_TARGET and reject["transcript"] is None
        )
