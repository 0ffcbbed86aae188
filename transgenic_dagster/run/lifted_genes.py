"""The first step of a run with ``--lift_from``: it makes the annotation that the run starts from.

The annotation and its table stand beside the output and stay there; the record of what they were
made from is in the run's folder, so that they are made once.
"""

import logging
import shutil
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.lifting.aligner import find_aligner
from transgenic_dagster.lifting.lift import Lifted, lift_genes
from transgenic_dagster.lifting.lifted_files import read_not_lifted, write_lifted
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.fingerprint import RunFingerprint, read_input
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.made_file import MadeFile
from transgenic_dagster.system.wording import counted

logger = logging.getLogger(__name__)


def make_lifted_genes(folder: RunFolder, options: AnnotateOptions) -> None:
    """Look for the genes of another assembly, unless that was done with the same files.

    Args:
        folder: of the run; it is there.
        options: of the run; nothing is done where they do not ask for it.

    Raises:
        TransgenicError: one sentence.
    """
    if options.lift_from is None:
        return
    aligner = find_aligner()
    files = {role: read_input(path, role) for role, path in options.input_files.items()}
    facts = {role: file.sha256 for role, file in files.items()}
    facts |= {"aligner": aligner.version, "feature_types": ",".join(options.feature_types)}
    made = _made_files(folder, options)
    if made.facts() == facts:
        logger.info("the lifted genes are up to date; they are kept")
        return
    made.forget()
    scratch = folder.lifting / RunFingerprint(facts).identity()
    for path in folder.lifting.glob("*"):
        if path != scratch:
            shutil.rmtree(path)
    genome, old_genome, old_annotation = files.values()
    logger.info("lifting genes of %s with %s", options.lift_from[1], aligner.version)
    with genome.unchanged(), old_genome.unchanged(), old_annotation.unchanged():
        lifted = lift_genes(
            *options.lift_from, options.fasta_file, scratch, aligner, options.feature_types
        )
    if not lifted.assignment.places:
        old = options.lift_from[1]
        raise InputError(
            f"Not one gene of {old} is found in {options.fasta_file}; lift from a closer relative."
        )
    gff3, table, skipped = made.paths
    write_lifted(lifted, gff3, table, skipped, facts)
    made.remember(facts)
    shutil.rmtree(folder.lifting)
    _tell(lifted, table)


def not_lifted(folder: RunFolder, options: AnnotateOptions) -> list[SkippedInput]:
    """Genes and rows of the old annotation that have no place in the genome, with the reason."""
    return read_not_lifted(folder.not_lifted) if options.lift_from else []


def _made_files(folder: RunFolder, options: AnnotateOptions) -> MadeFile:
    return MadeFile((*options.lifted_files, folder.not_lifted), folder.lifted_record)


def _tell(lifted: Lifted, table: Path) -> None:
    found, copies = len(lifted.assignment.places), len(lifted.assignment.copies)
    logger.info(
        "lifted %s of %s, %s not found, %s in addition; see %s",
        *(f"{found:,}", counted(len(lifted.genes), "gene"), f"{len(lifted.genes) - found:,}"),
        *(counted(copies, "extra place"), table),
    )
