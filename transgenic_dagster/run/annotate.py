"""One whole run as the command line promises it: locked, resumable, accounted for.

A run is interrupted at any moment and by any means; what is journaled stays. The final files of a
resumed run are those of an uninterrupted one, byte for byte.
"""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

from transgenic_dagster import __version__
from transgenic_dagster.errors import UsageError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import Progress, shown
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.regions.windows import MAX_WINDOW
from transgenic_dagster.run.fingerprint import (
    ModelAndDevices,
    find_model_and_devices,
    input_digests,
    model_fingerprint,
    provenance,
)
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.predict import load_and_predict
from transgenic_dagster.run.stages import (
    ResultPaths,
    journaled,
    make_region_db,
    make_sorted_gff,
    write_results,
)
from transgenic_dagster.run.state import RunState, read_run_state

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
    paths = _results(options)
    _check_folders((*paths.all(), options.run_state_file))
    folder = RunFolder(options.work_folder)
    digests = input_digests(options)
    machinery = find_model_and_devices(options)
    fingerprint = digests | model_fingerprint(options, machinery)
    with folder.locked():
        state = _continue_or_refuse(options, folder, fingerprint)
        if state is not None and state.status == "complete":
            logger.info("the run is complete already: %s", options.output)
            _clean_up(folder, options)
            return Accounting.from_dict(state.accounting)
        if state is None:
            state = _begin(options, folder, machinery, fingerprint)
        state = _predict_rest(options, folder, machinery, state, progress)
        accounting = write_results(
            folder,
            paths,
            provenance=provenance(options, fingerprint),
            gm_attribute="gm" if options.strict_gff3 else "GM",
        )
        state = replace(state, status="complete", accounting=accounting.as_dict())
        state.write(options.run_state_file)
        _clean_up(folder, options)
    return accounting


def _check_folders(paths: tuple[Path, ...]) -> None:
    for path in paths:
        if not path.parent.is_dir():
            raise UsageError(f"The folder {path.parent} of {path.name} does not exist; create it.")
        if path.is_dir():
            raise UsageError(f"{path} is a folder; name a file to write.")


def _continue_or_refuse(
    options: AnnotateOptions, folder: RunFolder, fingerprint: dict[str, str]
) -> RunState | None:
    """The state to go on from, or None for a fresh start."""
    state = read_run_state(options.run_state_file)
    if state is None and options.resume:
        logger.info("no checkpoint at %s: starting afresh", options.run_state_file)
    if state is None or options.overwrite or (not options.resume and state.status == "complete"):
        return None
    if not options.resume:
        raise UsageError(
            f"An unfinished run ({state.completed:,} regions done) is kept in {folder.root}; "
            "continue it with --resume or discard it with --overwrite."
        )
    differences = state.differences(fingerprint)
    if differences:
        raise UsageError(
            f"--resume: this is not the run that was interrupted: {'; '.join(differences)}. "
            "Repeat the original command, or start afresh with --overwrite."
        )
    needed = (folder.region_db,) if state.status == "running" else _results(options).all()
    missing = [path for path in needed if not path.exists()]
    if missing:
        logger.info("%s is missing: starting afresh", missing[0])
    return None if missing else state


def _results(options: AnnotateOptions) -> ResultPaths:
    return ResultPaths(options.output, options.reject_path, options.gsf_output, options.proteins)


def _begin(
    options: AnnotateOptions,
    folder: RunFolder,
    machinery: ModelAndDevices,
    fingerprint: dict[str, str],
) -> RunState:
    """Build the region database in an empty run folder and write the first state."""
    from transgenic_dagster.inference.device import memory_of_each

    options.run_state_file.unlink(missing_ok=True)
    folder.empty()
    logger.info("sorting the annotation %s", options.gff_file)
    make_sorted_gff(options.gff_file, folder, options.sorting, options.feature_types)
    logger.info("building the region database from %s", options.fasta_file)
    make_region_db(
        options.fasta_file,
        folder,
        feature_types=options.feature_types,
        window_rule=options.window_rule,
        max_window=min(MAX_WINDOW, machinery.config.max_encoder_seqlen),
        run_info=fingerprint | {"version": __version__},
    )
    with RegionDb(folder.region_db) as database:
        total, regions = database.input_gene_count(), len(database.regions())
    state = RunState(
        fingerprint=fingerprint,
        journal=str(folder.journal_folder),
        memory_budget=memory_of_each(machinery.devices),
        total=total,
        skipped=total - regions,
    )
    state.write(options.run_state_file)
    return state


def _predict_rest(
    options: AnnotateOptions,
    folder: RunFolder,
    machinery: ModelAndDevices,
    state: RunState,
    progress: Progress,
) -> RunState:
    """Predict what is not journaled yet; the checkpoint file follows the journal."""
    with RegionDb(folder.region_db) as database:
        pieces = database.pieces()
        regions = len(database.regions())
    done = sum(len(journaled(folder, piece)) for piece in pieces)
    # The journal is the truth: a crash may fall between it and the checkpoint file.
    rejected = state.rejected if done == state.completed else 0
    state = replace(state, completed=done, rejected=rejected)
    if done == regions:
        return state
    if done:
        logger.info("%d of %d regions are done already", done, regions)
    current = state

    def on_unit(regions: int, rejected: int) -> None:
        nonlocal current
        current = current.advanced(regions, rejected)
        current.write(options.run_state_file)
        progress.update(regions, rejected)

    load_and_predict(
        folder,
        pieces,
        options,
        machinery,
        state.memory_budget,
        showing=shown(progress, regions, done, rejected),
        on_unit=on_unit,
    )
    return current


def _clean_up(folder: RunFolder, options: AnnotateOptions) -> None:
    folder.empty(keep=(folder.region_db,) if options.keep_db else ())
    if not options.keep_db:
        shutil.rmtree(folder.root)
