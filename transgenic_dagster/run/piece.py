"""Predicting one piece of an assembly, resumably.

Beside a piece's journal stands what it belongs to: inputs, model and options. With the same ones
a piece goes on where it was; with others it starts afresh.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from transgenic_dagster.errors import RunError, UsageError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import Progress, shown
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.regions.windows import MAX_WINDOW
from transgenic_dagster.run.fingerprint import (
    ModelAndDevices,
    annotation_version,
    find_model_and_devices,
    model_fingerprint,
    provenance,
)
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.predict import load_and_predict
from transgenic_dagster.run.stages import REGIONS_PER_READ, journaled
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.locks import file_lock

logger = logging.getLogger(__name__)

REGION_FACTS = ("genome", "annotation", "window_rule", "feature_types", "sorter")
"""What a region database says of itself that belongs to the identity of a run."""
MAX_WINDOW_FACT = "max_window"


@dataclass(frozen=True)
class PieceState:
    """What a piece's journal belongs to.

    Args:
        fingerprint: everything that changes results, by name.
        provenance: what the GFF3 is to say of its origin.
        version: of model and options, as Dagster knows it (``annotation_version``).
        memory_budget: bytes that automatic batch sizes go by; kept, so that a resumed piece forms
            the same batches.
    """

    fingerprint: dict[str, str]
    provenance: dict[str, str]
    version: str
    memory_budget: int


@dataclass(frozen=True)
class PieceOutcome:
    """What became of a piece's regions.

    Args:
        regions: how many there are.
        done_before: how many of them were journaled when this prediction began.
        accounting: genes and reasons.
        confidences: of the sentences that became genes.
        device: what predicted them, None where nothing was left to predict.
        precision: of the model there.
    """

    regions: int
    done_before: int
    accounting: Accounting
    confidences: list[float]
    device: str | None = None
    precision: str | None = None


def state_file(folder: RunFolder, piece: str) -> Path:
    """Where a piece's state is kept, beside its journal."""
    return folder.journal(piece).with_suffix(".json")


def in_use_lock(folder: RunFolder) -> Path:
    """Shared by those who read an assembly's regions, held alone by who replaces them."""
    return folder.root / "in_use.lock"


def read_piece_state(folder: RunFolder, piece: str) -> PieceState | None:
    """The state of a piece, None where it never began.

    Raises:
        RunError: the file is something else.
    """
    path = state_file(folder, piece)
    try:
        return PieceState(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{path} is not the state of a piece ({error}); remove it, and the piece starts afresh."
        ) from error


def predict_piece(
    folder: RunFolder, piece: str, options: AnnotateOptions, progress: Progress
) -> PieceOutcome:
    """Predict all regions of a piece that are not journaled yet.

    Args:
        folder: the assembly's run folder; its region database must be there.
        piece: name of the piece.
        options: of the assembly.
        progress: told how far it is.

    Raises:
        TransgenicError: one sentence; what is journaled stays.
    """
    with (
        file_lock(
            in_use_lock(folder),
            shared=True,
            busy=f"The regions in {folder.root} are being replaced; try again when that is done.",
        ),
        file_lock(
            folder.journal(piece).with_suffix(".lock"),
            busy=f"Another process is predicting {piece} in {folder.root}; wait for it to end.",
        ),
    ):
        return _predict_locked(folder, piece, options, progress)


def _predict_locked(
    folder: RunFolder, piece: str, options: AnnotateOptions, progress: Progress
) -> PieceOutcome:
    with RegionDb(folder.region_db) as database:
        regions = len(database.regions(piece))
        facts = database.run_info()
    if not regions:
        return PieceOutcome(0, 0, Accounting(), [])
    machinery = find_model_and_devices(options)
    _check_window(facts, machinery)
    state = _continue_or_begin(folder, piece, options, machinery, facts)
    before = piece_outcome(folder, piece)
    done = before.regions_done
    if done:
        logger.info("%d of %d regions of %s were done already", done, regions, piece)
    if done < regions:
        load_and_predict(
            folder,
            [piece],
            options,
            machinery,
            state.memory_budget,
            showing=shown(progress, regions, done, before.accounting.rejected.total()),
            on_unit=progress.update,
        )
    after = piece_outcome(folder, piece)
    if after.regions_done != regions:
        raise RunError(
            f"{piece} has {regions:,} regions but {after.regions_done:,} predictions; remove "
            f"{folder.journal(piece)} and predict it again."
        )
    predicted = done < regions
    return PieceOutcome(
        regions=regions,
        done_before=done,
        accounting=after.accounting,
        confidences=after.confidences,
        device=", ".join(map(str, machinery.devices)) if predicted else None,
        precision=machinery.precision if predicted else None,
    )


def _check_window(facts: Mapping[str, str], machinery: ModelAndDevices) -> None:
    longest = min(MAX_WINDOW, machinery.config.max_encoder_seqlen)
    if facts[MAX_WINDOW_FACT] != str(longest):
        raise UsageError(
            f"The regions were made for windows of up to {facts[MAX_WINDOW_FACT]} nt, but this "
            f"model reads {longest}; materialize region_db again."
        )


def _continue_or_begin(
    folder: RunFolder,
    piece: str,
    options: AnnotateOptions,
    machinery: ModelAndDevices,
    facts: Mapping[str, str],
) -> PieceState:
    from transgenic_dagster.inference.device import memory_of_each

    fingerprint = model_fingerprint(options, machinery)
    fingerprint |= {name: facts[name] for name in REGION_FACTS}
    state = read_piece_state(folder, piece)
    if state is not None and state.fingerprint == fingerprint and not options.overwrite:
        return state
    if state is not None:
        changed = differences(state.fingerprint, fingerprint)
        why = f"changed: {', '.join(changed)}" if changed else "as asked for by overwrite"
        logger.info("%s starts afresh (%s)", piece, why)
    state = PieceState(
        fingerprint=fingerprint,
        provenance=provenance(options, fingerprint),
        version=annotation_version(options),
        memory_budget=memory_of_each(machinery.devices),
    )
    # In this order: a journal must never stand beside the state of another one.
    folder.journal(piece).unlink(missing_ok=True)
    with atomic_write(state_file(folder, piece)) as handle:
        json.dump(asdict(state), handle, indent=1)
        handle.write("\n")
    return state


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names of what differs between two fingerprints."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


@dataclass(frozen=True)
class Journaled:
    """What a piece's journal holds."""

    regions_done: int
    accounting: Accounting
    confidences: list[float]


def piece_outcome(folder: RunFolder, piece: str) -> Journaled:
    """Count what a piece's journal holds by outcome and reason."""
    sentences = journaled(folder, piece)
    accounting, confidences = Accounting(), []
    with RegionDb(folder.region_db) as database:
        regions = {region.region_id: region for region in database.regions(piece)}
        for first in range(0, len(sentences), REGIONS_PER_READ):
            some = sentences[first : first + REGIONS_PER_READ]
            windows = database.sequences([sentence.region_id for sentence in some])
            for sentence in some:
                region, window = regions[sentence.region_id], windows[sentence.region_id]
                gene, rejects = gene_from_sentence(sentence, region, window)
                accounting.count_gene(gene, rejects)
                if gene is not None:
                    confidences.append(sentence.confidence)
    return Journaled(len(sentences), accounting, confidences)
