"""The stages of a run before prediction, over its folder, for every interface.

    sorted_gff -> region_db -> predictions (``predict.py``) -> merged_gff3, reject_report
    (``results.py``)

Each stage can be called alone, keeps what it made from the same things before, knows the
fingerprint of what it reads, and refuses to mix.
"""

import logging

from transgenic_dagster import __version__
from transgenic_dagster.errors import InputError, ResumableError, RunError
from transgenic_dagster.input_genes.biotypes import read_wanted_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region_db import RegionDb, build_region_db
from transgenic_dagster.regions.windows import window_cap
from transgenic_dagster.run.fingerprint import (
    InputDigests,
    RunFingerprint,
    digest_inputs,
    read_input,
    regions_fingerprint,
    sorting_fingerprint,
)
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.lifted_genes import not_lifted
from transgenic_dagster.run.record import timed
from transgenic_dagster.sequences.fasta import open_genome

_MAX_WINDOW_FACT = "max_window"
_VERSION_FACT = "version"

logger = logging.getLogger(__name__)


@timed("sorted_gff")
def make_sorted_gff(
    folder: RunFolder, options: AnnotateOptions, digests: InputDigests | None = None
) -> RunFingerprint:
    """Write the whole input annotation, sorted, as GFF3; genes are built where it has none.

    Args:
        folder: of the run.
        options: of the run.
        digests: of the input files, where they were read before.

    Returns:
        What the sorted annotation was made from.

    Raises:
        TransgenicError: one sentence.
    """
    annotation = digests.annotation if digests else read_input(options.gff_file, "annotation")
    fingerprint = sorting_fingerprint(options, annotation.sha256)
    with folder.replacing_regions():
        if folder.sorted_annotation.facts() == fingerprint.values:
            logger.info("the sorted annotation is up to date; it is kept")
            return fingerprint
        logger.info("sorting the annotation %s", options.gff_file)
        folder.sorted_annotation.forget()
        with annotation.unchanged():
            sort_annotation(
                options.gff_file,
                folder.sorted_gff,
                sorter=options.sorting,
                feature_types=options.feature_types,
            )
        folder.sorted_annotation.remember(fingerprint.values)
    return fingerprint


@timed("region_db")
def make_region_db(
    folder: RunFolder,
    options: AnnotateOptions,
    max_encoder_seqlen: int,
    digests: InputDigests | None = None,
) -> RunFingerprint:
    """Build the region database from the genome and the sorted annotation.

    Args:
        folder: of the run.
        options: of the run.
        max_encoder_seqlen: longest window (nt) that the model reads.
        digests: of the input files, where they were read before.

    Returns:
        What the database was made from.

    Raises:
        TransgenicError: one sentence.
    """
    digests = digests or digest_inputs(options)
    sorted_from = folder.sorted_annotation.facts()
    if sorted_from is None:
        raise RunError(
            f"{folder.sorted_gff} is missing or incomplete (in Dagster: materialize "
            "sorted_gff first)."
        )
    sorting = RunFingerprint(sorted_from)
    if sorting.values["annotation"] != digests.annotation.sha256:
        raise InputError(
            f"{options.gff_file} has changed since it was sorted (in Dagster: materialize "
            "sorted_gff first)."
        )
    fingerprint = regions_fingerprint(sorting, options, digests.genome.sha256)
    max_window = window_cap(max_encoder_seqlen)
    facts = {
        **fingerprint.values,
        _MAX_WINDOW_FACT: str(max_window),
        _VERSION_FACT: __version__,
    }
    if folder.regions.facts() == facts:
        logger.info("the region database is up to date; it is kept")
        return fingerprint
    with folder.replacing_regions():
        logger.info("building the region database from %s", options.fasta_file)
        folder.regions.forget()
        genes = read_wanted_genes(folder.sorted_gff, options.feature_types, options.biotype)
        folder.genome_cache.mkdir(exist_ok=True)
        with (
            digests.genome.unchanged(),
            open_genome(options.fasta_file, folder.genome_cache) as genome,
        ):
            build_region_db(
                folder.region_db,
                genome,
                genes.genes,
                [*not_lifted(folder, options), *genes.skipped],
                window_rule=options.window_rule,
                max_window=max_window,
                run_info=facts,
                annotation=genes.annotation,
            )
        folder.regions.remember(facts)
    return fingerprint


def check_sorted_annotation(folder: RunFolder, database: RegionDb) -> None:
    """Check that the sorted annotation is what the regions were made from.

    Raises:
        ResumableError: it is damaged, or belongs to another run.
    """
    facts = folder.sorted_annotation.facts()
    if facts is None or facts.items() - database.run_info().items():
        raise ResumableError(
            f"{folder.sorted_gff} is damaged or belongs to another run and has to be made again "
            "(in Dagster: materialize sorted_gff)."
        )


def fingerprint_of_regions(database: RegionDb) -> tuple[RunFingerprint, int]:
    """Fingerprint of a region database, and the longest window (nt) that it allows."""
    facts = database.run_info()
    max_window = int(facts.pop(_MAX_WINDOW_FACT))
    del facts[_VERSION_FACT]
    return RunFingerprint(facts), max_window
