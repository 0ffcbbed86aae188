"""One whole run as the command line promises it: the five stages in a row, over all pieces.

A run is interrupted at any moment and by any means; what is journaled stays. The final files of a
resumed run are those of an uninterrupted one, byte for byte.
"""

import logging

from transgenic_dagster.errors import UsageError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.progress import Progress
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.fingerprint import (
    RunFingerprint,
    code_version,
    digest_inputs,
    whole_fingerprint,
)
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.model_and_devices import find_model_and_devices
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.record import absolute_options
from transgenic_dagster.run.result_files import ResultPaths
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.run.state import RunSummary, read_piece_state, read_run_summary

MADE_BY = "transgenic-annotate"

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
    paths = ResultPaths.of(options)
    digests = digest_inputs(options)
    found = find_model_and_devices(options)
    model_files = (found.files.config, *found.files.weights)
    outputs = (*paths.all(), options.run_state_file)
    if options.report:
        outputs = (*outputs, options.report)
    check_outputs(options, outputs, model_files)
    folder = RunFolder(options.run_folder)
    fingerprint = whole_fingerprint(options, digests, found)
    folder.mark(MADE_BY, run_description(options))
    with folder.locked():
        finished = _check_unfinished(options, folder, fingerprint)
        if finished is not None:
            logger.info("the run is complete already: %s", options.output)
            _report(options)
            _clean_up(folder, options)
            return Accounting.from_dict(dict(finished.accounting))
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
        accounting = merge_pieces(folder, options)
        _report(options)
        _clean_up(folder, options)
    return accounting


def run_description(options: AnnotateOptions) -> dict[str, object]:
    """Description of a run in its folder, so that another interface can continue it."""
    return {"options": absolute_options(options)}


def _check_unfinished(
    options: AnnotateOptions, folder: RunFolder, fingerprint: RunFingerprint
) -> RunSummary | None:
    """Decide what becomes of what is there: continue it, discard it, or refuse.

    Returns:
        The summary of a run that needs nothing more, None where there is work to do.

    Raises:
        UsageError: an unfinished run is neither continued nor discarded, or is another run.
    """
    summary = read_run_summary(options.run_state_file)
    begun = sorted(folder.journal_folder.glob("*.json"))
    complete = summary is not None and summary.status == "complete"
    if options.overwrite or not (begun or summary):
        if options.resume:
            logger.info("no checkpoint at %s: starting afresh", options.run_state_file)
        folder.empty()
        return None
    if not options.resume:
        if begun and not complete:
            raise UsageError(
                f"An unfinished run is kept in {folder.root}; continue it with --resume or "
                "discard it with --overwrite."
            )
        folder.empty()
        return None
    if begun:
        known = read_piece_state(begun[0])
        earlier = known.fingerprint if known is not None else fingerprint
    else:
        assert summary is not None, "one of the two is there"
        earlier = summary.fingerprint
    differences = earlier.describe_diff(fingerprint)
    if complete and not begun:
        assert summary is not None, "it is complete"
        now = RunFingerprint(options.affecting_results(Stage.RESULTS))
        differences += RunFingerprint(summary.results).describe_diff(now)
    if differences:
        raise UsageError(
            f"--resume: this is not the run that was interrupted: {'; '.join(differences)}. "
            "Repeat the original command, or start afresh with --overwrite."
        )
    if complete and not begun:
        missing = [path for path in ResultPaths.of(options).all() if not path.exists()]
        if not missing:
            return summary
        logger.info("%s is missing: starting afresh", missing[0])
    return None


def _begin_summary(
    folder: RunFolder, options: AnnotateOptions, fingerprint: RunFingerprint
) -> RunSummary:
    with RegionDb(folder.region_db) as database:
        total, regions = database.input_gene_count(), len(database.regions())
    summary = RunSummary(
        fingerprint=fingerprint,
        journal=str(folder.journal_folder),
        results=options.affecting_results(Stage.RESULTS),
        version=code_version(options),
        total=total,
        skipped=total - regions,
    )
    summary.write(options.run_state_file)
    return summary


def _report(options: AnnotateOptions) -> None:
    if options.report:
        from transgenic_dagster.run.report import make_report  # draws: slow to import

        make_report(options.run_state_file, options.report, options.quality)


def _clean_up(folder: RunFolder, options: AnnotateOptions) -> None:
    if (folder.marked() or {}).get("made_by") != MADE_BY:
        return  # a lab keeps what it made
    if options.keep_db:
        folder.empty(keep=(folder.region_db,))
    else:
        folder.remove()
