"""The stage that predicts: pieces of a genome, resumably, on the devices of a run.

Beside a piece's journal stands what it belongs to. With the same inputs, model and options a piece
goes on where it was; with others it is refused, or starts afresh where that is asked for.

A region that runs out of memory is journaled as such, so that what is left forms the same units,
and is tried again, alone, at the end of the prediction and whenever that is resumed.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from transgenic_dagster import __version__
from transgenic_dagster.errors import ResumableError, RunError, UsageError
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import Progress, shown
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.regions.windows import window_cap
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.run.fingerprint import RunFingerprint, predictions_fingerprint
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_sentences import GivenSentences
from transgenic_dagster.run.journals import (
    JournalSummary,
    describe_other_run,
    summarise_journal,
)
from transgenic_dagster.run.model_and_devices import (
    ModelAndDevices,
    batch_sizes,
    find_model_and_devices,
)
from transgenic_dagster.run.predictor import Predictor, ReadSequences
from transgenic_dagster.run.record import timed
from transgenic_dagster.run.stages import check_sorted_annotation, fingerprint_of_regions
from transgenic_dagster.run.state import PieceState, read_piece_state
from transgenic_dagster.run.units import units_left, units_out_of_memory
from transgenic_dagster.system.wording import counted

if TYPE_CHECKING:
    from transgenic_dagster.inference.batching import Unit

logger = logging.getLogger(__name__)

FEW_REGIONS = 5
FEW_SHARE = 0.01
"""So many regions, or this share of them, may be too large for a machine that does the others."""


Follow = Callable[[JournalSummary], None]
"""Told of the journals when prediction begins, and after each unit that is safe."""


@dataclass(frozen=True)
class Prediction:
    """Outcome of predicting some pieces.

    Args:
        journals: as they are now.
        done_before: regions that were journaled when this prediction began.
        devices: what predicted, None where nothing was left to predict.
        precision: of the model there.
    """

    journals: JournalSummary
    done_before: int
    devices: str | None = None
    precision: str | None = None


@timed("predictions")
def predict_pieces(
    folder: RunFolder,
    pieces: Sequence[str] | None,
    options: AnnotateOptions,
    progress: Progress,
    *,
    found: ModelAndDevices | None = None,
    restart: bool = False,
    follow: Follow = lambda _: None,
) -> Prediction:
    """Predict all regions of some pieces that are not journaled yet.

    Args:
        folder: of the run; its region database must be there.
        pieces: names of pieces, predicted in this order; None for all.
        options: of the run.
        progress: told how far it is.
        found: model and devices, where they were found before.
        restart: start a piece afresh whose journal belongs to other inputs, model or options,
            rather than refuse it. ``options.overwrite`` starts all of them afresh.
        follow: told how far the journals are.

    Raises:
        TransgenicError: one sentence; what is journaled stays.
        ResumableError: too many regions did not fit into memory.
    """
    with folder.reading_regions(), ExitStack() as locks, RegionDb(folder.region_db) as database:
        with_regions = database.pieces()
        pieces = with_regions if pieces is None else [p for p in pieces if p in with_regions]
        if not pieces:
            return Prediction(JournalSummary(), 0)
        for piece in pieces:
            locks.enter_context(folder.predicting(piece))
        found = found or find_model_and_devices(options)
        if options.task != "predict":
            check_sorted_annotation(folder, database)
        fingerprint = predictions_fingerprint(_regions(database, found), options, found)
        states = _continue_or_begin(folder, pieces, options, found, fingerprint, restart)
        journals = summarise_journal(folder, database, states)
        follow(journals)
        done_before = journals.completed
        for piece, done in journals.pieces.items():
            if done.completed:
                logger.info(
                    "done already of %s: %d of %s",
                    piece,
                    done.completed,
                    counted(done.regions, "region"),
                )
        if done_before == journals.regions:
            return Prediction(journals, done_before)
        showing = shown(progress, journals.regions, done_before, journals.rejected)
        read_sequences = partial(_read_sequences, folder.region_db, database.run_info())
        predicted = _load_and_predict(folder, states, options, found, read_sequences, showing)
        for unit, sentences in predicted:
            rejected = journals.add(unit.piece, sentences, unit.regions)
            follow(journals)
            progress.update(len(sentences), rejected)
    for piece, done in journals.pieces.items():
        if done.completed != done.regions:
            raise RunError(
                f"{piece} has {counted(done.regions, 'region')} but "
                f"{counted(done.completed, 'prediction')}; remove "
                f"{folder.journal(piece)} and predict it again."
            )
    _check_memory(journals, found)
    return Prediction(journals, done_before, ", ".join(map(str, found.devices)), found.precision)


def _check_memory(journals: JournalSummary, found: ModelAndDevices) -> None:
    """Refuse a result that lacks more than a few regions because of the machine."""
    lost = journals.accounting.rejected[RejectReason.OUT_OF_MEMORY]
    tolerated = min(max(FEW_REGIONS, int(FEW_SHARE * journals.regions)), journals.regions - 1)
    if lost > tolerated:
        raise ResumableError(
            f"{lost:,} of {counted(journals.regions, 'region')} did not fit into the memory of "
            f"{found.device} even alone, and are tried again; free memory or take a machine with "
            "more."
        )


def _regions(database: RegionDb, found: ModelAndDevices) -> RunFingerprint:
    """Fingerprint of the regions.

    Raises:
        UsageError: they were made for a model that reads other windows.
    """
    fingerprint, max_window = fingerprint_of_regions(database)
    longest = window_cap(found.config.max_encoder_seqlen)
    if max_window != longest:
        raise UsageError(
            f"The regions were made for windows of up to {max_window} nt, but this "
            f"model reads {longest} (in Dagster: materialize region_db again)."
        )
    return fingerprint


def _continue_or_begin(
    folder: RunFolder,
    pieces: Sequence[str],
    options: AnnotateOptions,
    found: ModelAndDevices,
    fingerprint: RunFingerprint,
    restart: bool,
) -> dict[str, PieceState]:
    """The states of the pieces; all of them begin before any is predicted."""
    from transgenic_dagster.inference.device import memory_of_each

    memory = memory_of_each(found.devices)
    states = {}
    for piece in pieces:
        fresh = PieceState(piece, fingerprint, options.model, __version__, memory)
        states[piece] = fresh
        if not options.overwrite:
            changes = describe_other_run(folder, piece, fingerprint)
            if not changes:
                known = read_piece_state(folder.piece_state(piece))
                states[piece] = known or fresh
                if known is None:
                    fresh.write(folder.piece_state(piece))
                continue
            if not restart:
                raise UsageError(
                    f"The journal of {piece} in {folder.root} belongs to another run: "
                    f"{'; '.join(changes)}. Repeat the original command, or start afresh with "
                    "--overwrite."
                )
            logger.info("%s starts afresh (%s)", piece, "; ".join(changes))
        folder.journal(piece).unlink(missing_ok=True)
        fresh.write(folder.piece_state(piece))
    return states


def _load_and_predict(
    folder: RunFolder,
    states: dict[str, PieceState],
    options: AnnotateOptions,
    found: ModelAndDevices,
    read_sequences: ReadSequences,
    showing: AbstractContextManager[None],
) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
    """Load the model and predict what is left, on one device or several; yield what is safe.

    Regions that run out of memory come at the end, when they were tried again.

    Progress is shown once the model is loaded (on several devices, when that begins), so that
    rates do not count the loading.
    """
    from transgenic_dagster.inference.device import swap_warning

    if warning := swap_warning(sum(path.stat().st_size for path in found.files.weights)):
        logger.warning(warning)
    logger.info(
        "loading the model %s on %s in %s",
        options.model,
        ", ".join(str(device) for device in found.devices),
        found.precision,
    )
    given = GivenSentences(folder, options) if options.task != "predict" else None
    groups = []
    for budget, group in groupby(states, key=lambda piece: states[piece].memory_budget):
        sizes = batch_sizes(options, found.config, found.device, found.precision, budget)
        groups.append((sizes, *units_left(folder, [states[p] for p in group], sizes, given)))
    predictor = Predictor.ready(
        options, found, read_sequences, [(sizes, units) for sizes, units, _ in groups]
    )
    with showing:
        for sizes, units, faults in groups:
            yield from _made_safe(folder, states, faults)
            yield from _fitting(_made_safe(folder, states, predictor.predict(units, sizes)))
        alone = units_out_of_memory(folder, states, given)
        if not alone:
            return
        logger.warning("out of memory; trying %s again, each alone", counted(len(alone), "region"))
        predicted = predictor.in_one_process().predict(alone, sizes)
        yield from _made_safe(folder, states, predicted)


def _fitting(
    predicted: "Iterable[tuple[Unit, list[PredictedSentence]]]",
) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
    """Leave out the regions that ran out of memory."""
    for unit, sentences in predicted:
        kept = [sentence for sentence in sentences if not sentence.out_of_memory]
        ids = {sentence.region_id for sentence in kept}
        yield replace(unit, regions=tuple(r for r in unit.regions if r.region_id in ids)), kept


def _made_safe(
    folder: RunFolder,
    states: Mapping[str, PieceState],
    predicted: "Iterable[tuple[Unit, list[PredictedSentence]]]",
) -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
    """Journal predicted units as they come, and hand them on."""
    from transgenic_dagster.inference.journal import Journal

    journals: dict[str, Journal] = {}
    with ExitStack() as files:
        for unit, sentences in predicted:
            if unit.piece not in journals:
                journal = Journal(folder.journal(unit.piece), states[unit.piece].identity)
                journals[unit.piece] = files.enter_context(journal)
            journals[unit.piece].append(sentences)
            yield unit, sentences


def _read_sequences(
    region_db: Path, made_from: Mapping[str, str], region_ids: Sequence[int]
) -> dict[int, str]:
    with RegionDb(region_db, made_from) as database:
        return database.sequences(region_ids)
