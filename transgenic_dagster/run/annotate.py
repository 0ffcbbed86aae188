"""One whole run as the command line promises it: the five stages in a row, over all pieces.

A run is interrupted at any moment and by any means; what is journaled stays. The final files of a
resumed run are those of an uninterrupted one, byte for byte.
"""

import logging

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.jbrowse.folder import check_jbrowse_folder
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.progress import Progress
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.run.afterwards import write_afterwards
from transgenic_dagster.run.earlier_run import MADE_BY, check_unfinished, read_own_summary
from transgenic_dagster.run.fingerprint import (
    InputDigests,
    RunFingerprint,
    check_inputs,
    code_version,
    digest_inputs,
    whole_fingerprint,
)
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.lifted_genes import make_lifted_genes
from transgenic_dagster.run.model_and_devices import ModelAndDevices, find_model_and_devices
from transgenic_dagster.run.output_locks import locked_outputs
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.record import absolute_options
from transgenic_dagster.run.result_paths import final_files
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.run.state import RunSummary
from transgenic_dagster.system.wording import counted

logger = logging.getLogger(__name__)


def annotate(options: AnnotateOptions, progress: Progress) -> Accounting:
    """Annotate a genome.

    Args:
        options: what to do.
        progress: told how far it is.

    Returns:
        What became of every gene of the input.

    Raises:
        TransgenicError: one sentence for the user; what is journaled stays.
    """
    check_inputs(options)
    found = find_model_and_devices(options)
    outputs = [*final_files(options).all(), options.run_state_file]
    afterwards = (options.report, options.changes, options.check_submission)
    outputs += [*filter(None, afterwards), *options.lifted_files]
    model_files = (found.files.config, *found.files.weights)
    check_outputs(options, outputs, model_files)
    if options.jbrowse:
        named = (*options.input_files.values(), *model_files, *outputs)
        check_jbrowse_folder(options.jbrowse, named, options.run_folder)
    folder = RunFolder(options.run_folder)
    with locked_outputs(outputs):
        _lift(folder, options)
        digests = digest_inputs(options)
        fingerprint = whole_fingerprint(options, digests, found)
        summary = read_own_summary(options, folder)
        folder.mark(MADE_BY, run_description(options))
        with folder.locked():
            finished = check_unfinished(options, folder, fingerprint, summary)
            if finished is not None:
                logger.info("the run is complete already: %s", options.output)
                write_afterwards(options)
                _clean_up(folder, options)
                return Accounting.from_dict(dict(finished.accounting))
            accounting = _go_on(folder, options, progress, digests, found, fingerprint)
            write_afterwards(options)
            if lost := accounting.rejected[RejectReason.OUT_OF_MEMORY]:
                logger.warning(
                    "%s did not fit into memory even alone; with more memory, --resume tries again",
                    counted(lost, "region"),
                )
            else:
                _clean_up(folder, options)
    return accounting


def _lift(folder: RunFolder, options: AnnotateOptions) -> None:
    """Make the annotation to start from, where it is lifted: the run's identity depends on it."""
    if options.lift_from:
        folder.mark(MADE_BY, run_description(options))
        with folder.locked():
            make_lifted_genes(folder, options)


def _go_on(
    folder: RunFolder,
    options: AnnotateOptions,
    progress: Progress,
    digests: InputDigests,
    found: ModelAndDevices,
    fingerprint: RunFingerprint,
) -> Accounting:
    make_sorted_gff(folder, options, digests)
    make_region_db(folder, options, found.config.max_encoder_seqlen, digests)
    summary = _begin_summary(folder, options, fingerprint)
    # What was to be discarded is gone.
    going_on = options.model_copy(update={"overwrite": False})
    predict_pieces(
        folder,
        None,
        going_on,
        progress,
        found=found,
        follow=lambda journals: summary.advanced(journals.pieces).write(options.run_state_file),
    )
    return merge_pieces(folder, options)


def run_description(options: AnnotateOptions) -> dict[str, object]:
    """Description of a run in its folder, so that another interface can continue it."""
    return {"options": absolute_options(options)}


def _begin_summary(
    folder: RunFolder, options: AnnotateOptions, fingerprint: RunFingerprint
) -> RunSummary:
    with RegionDb(folder.region_db) as database:
        total, regions = database.input_gene_count(), len(database.regions())
    summary = RunSummary(
        output=options.output.name,
        fingerprint=fingerprint,
        journal=str(folder.journal_folder),
        results=options.affecting_results(Stage.RESULTS),
        version=code_version(options),
        total=total,
        skipped=total - regions,
    )
    summary.write(options.run_state_file)
    return summary


def _clean_up(folder: RunFolder, options: AnnotateOptions) -> None:
    if not folder.made_by(MADE_BY):
        return  # a lab keeps what it made
    if options.keep_db:
        folder.empty(keep=(folder.region_db,))
    else:
        folder.remove()
