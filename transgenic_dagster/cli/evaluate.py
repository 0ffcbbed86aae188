"""The program ``transgenic-evaluate``: compares an annotation with a reference."""

import argparse
import gc
import sys
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded

PROGRAM = "transgenic-evaluate"


@dataclass(frozen=True)
class _Arguments:
    predicted: Path
    reference: Path
    genome: Path | None
    json: Path | None
    tsv: Path | None
    changes: Path | None


def main() -> int:
    """Run ``transgenic-evaluate``."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Compare an annotation with a reference annotation of the same genome, both "
        "GFF3 or GTF: sensitivity and precision as gffcompare defines them, on exons and on CDS, "
        "class codes, splicing events, and what became of each gene.",
    )
    add_common_options(parser, PROGRAM)
    parser.add_argument("predicted", type=Path, metavar="PREDICTED", help="annotation to judge")
    parser.add_argument("reference", type=Path, metavar="REFERENCE", help="what to judge it by")
    parser.add_argument(
        "--genome", type=Path, metavar="FASTA", help="also judge reading frames and splice sites"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument(
        "--tsv", type=Path, metavar="FILE", help="write predicted transcripts with class codes"
    )
    parser.add_argument(
        "--changes",
        type=Path,
        metavar="FILE",
        help="write what became of each gene of REFERENCE, taken as the input of PREDICTED",
    )
    options = vars(parser.parse_args())
    verbose = options.pop("verbose")
    return guarded(lambda: _evaluate(_Arguments(**options)), verbose=verbose)


def _evaluate(arguments: _Arguments) -> None:
    from transgenic_dagster.system.signals import end_when_interrupted

    end_when_interrupted(None)
    # Millions of small tuples stay until the end, and looking for cycles among them takes a fourth
    # of the time.
    gc.disable()

    from transgenic_dagster.evaluation.annotation_reader import read_transcripts
    from transgenic_dagster.evaluation.change_log import write_change_log
    from transgenic_dagster.evaluation.changes import find_changes
    from transgenic_dagster.evaluation.evaluate import evaluate, opened_genome
    from transgenic_dagster.evaluation.tables import render, render_changes, write_transcripts
    from transgenic_dagster.run.outputs import check_files
    from transgenic_dagster.system.atomic_files import atomic_write

    inputs = (arguments.predicted, arguments.reference, arguments.genome)
    outputs = (arguments.json, arguments.tsv, arguments.changes)
    check_files(filter(None, inputs), filter(None, outputs))
    predicted = read_transcripts(arguments.predicted)
    reference = read_transcripts(arguments.reference)
    with opened_genome(arguments.genome) as genome:
        evaluation = evaluate(predicted, reference, genome)
    if arguments.json:
        with atomic_write(arguments.json) as file:
            file.write(evaluation.to_json())
    if arguments.tsv:
        write_transcripts(arguments.tsv, evaluation)
    text = render(evaluation)
    if arguments.changes:
        log = find_changes(reference, predicted)
        write_change_log(arguments.changes, log)
        text += "\n" + render_changes(log)
    sys.stdout.write(text)
