"""The stages before and after prediction, over an assembly's run folder.

Each stage knows what the stage before it was made from, and refuses to mix.
"""

import hashlib
import json
import logging
import os
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transgenic_dagster import __version__
from transgenic_dagster.errors import InputError, RunError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.regions.windows import MAX_WINDOW
from transgenic_dagster.run.fingerprint import input_digests
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.piece import (
    MAX_WINDOW_FACT,
    REGION_FACTS,
    PieceState,
    differences,
    in_use_lock,
    read_piece_state,
    state_file,
)
from transgenic_dagster.run.stages import (
    ResultPaths,
    journaled,
    make_region_db,
    make_sorted_gff,
    write_results,
)
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.locks import file_lock

logger = logging.getLogger(__name__)


def sorting_facts(folder: RunFolder) -> dict[str, str]:
    """What the sorted annotation was made from.

    Raises:
        RunError: there is none.
    """
    try:
        return dict(json.loads(_facts_file(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{folder.sorted_gff} is missing or incomplete; materialize sorted_gff first."
        ) from error


def sort_assembly(folder: RunFolder, options: AnnotateOptions) -> dict[str, str]:
    """Write the sorted annotation, and beside it what it was made from.

    Returns:
        What it was made from: digest of the annotation, sorter and feature types.

    Raises:
        TransgenicError: one sentence.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    with _held_alone(folder):
        before = options.gff_file.stat()
        _facts_file(folder).unlink(missing_ok=True)
        make_sorted_gff(options.gff_file, folder, options.sorting, options.feature_types)
        digest = file_digest(options.gff_file)
        _refuse_change(options.gff_file, before)
        facts = {
            "annotation": digest,
            "sorter": options.sorting,
            "feature_types": ",".join(options.feature_types),
        }
        _write_json(_facts_file(folder), facts)
    return facts


def build_regions(folder: RunFolder, options: AnnotateOptions) -> dict[str, str]:
    """Build the region database; one that was made from the same things is kept.

    Returns:
        What it was made from.

    Raises:
        TransgenicError: one sentence.
    """
    from transgenic_dagster.model.checkpoint import fetch_config

    config = fetch_config(options.model, revision=options.revision, offline=options.offline)
    digests = input_digests(options)
    sorting = sorting_facts(folder)
    if sorting["annotation"] != digests["annotation"]:
        raise InputError(
            f"{options.gff_file} has changed since it was sorted; materialize sorted_gff first."
        )
    max_window = min(MAX_WINDOW, config.max_encoder_seqlen)
    facts = {
        **sorting,
        "genome": digests["genome"],
        "window_rule": options.window_rule,
        MAX_WINDOW_FACT: str(max_window),
        "version": __version__,
    }
    if folder.region_db.exists():
        with RegionDb(folder.region_db) as database:
            if database.run_info() == facts:
                logger.info("the region database is up to date; it is kept")
                return facts
    with _held_alone(folder):
        before = options.fasta_file.stat()
        make_region_db(
            options.fasta_file,
            folder,
            feature_types=tuple(sorting["feature_types"].split(",")),
            window_rule=options.window_rule,
            max_window=max_window,
            run_info=facts,
        )
        try:
            _refuse_change(options.fasta_file, before)
        except InputError:
            folder.region_db.unlink()
            raise
    return facts


@dataclass(frozen=True)
class Summary:
    """What is kept of an annotation beside its final files.

    Args:
        accounting: counts by outcome and reason (``Accounting.as_dict``).
        digests: of the inputs that it was made from.
        version: of model and options (``annotation_version``).
    """

    accounting: dict[str, Any]
    digests: dict[str, str]
    version: str


def read_summary(folder: RunFolder) -> Summary | None:
    """Summary of the final files, None where there are none."""
    try:
        return Summary(**json.loads(_summary_file(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def merge_pieces(folder: RunFolder, results: ResultPaths, options: AnnotateOptions) -> Accounting:
    """Write the final files from the predictions of all pieces.

    Raises:
        RunError: predictions are missing, or do not belong together.
    """
    with (
        file_lock(
            in_use_lock(folder),
            shared=True,
            busy=f"The regions in {folder.root} are being replaced; try again when that is done.",
        ),
        file_lock(
            folder.root / "results.lock",
            busy=f"Another process is writing the results in {folder.root}; wait for it to end.",
        ),
    ):
        state = _common_state(folder)
        accounting = write_results(
            folder,
            results,
            provenance=state.provenance,
            gm_attribute="gm" if options.strict_gff3 else "GM",
        )
        digests = {name: state.fingerprint[name] for name in ("genome", "annotation")}
        summary = Summary(accounting.as_dict(), digests, state.version)
        _write_json(_summary_file(folder), asdict(summary))
    return accounting


def _common_state(folder: RunFolder) -> PieceState:
    """The state that the pieces of an assembly share."""
    with RegionDb(folder.region_db) as database:
        facts = database.run_info()
        regions = {piece: len(database.regions(piece)) for piece in database.pieces()}
    done = {piece: len(journaled(folder, piece)) for piece in regions}
    states = {piece: read_piece_state(folder, piece) for piece in regions}
    lacking = [piece for piece in regions if states[piece] is None or done[piece] < regions[piece]]
    if lacking:
        raise RunError(
            f"Predictions are missing for {_some(lacking)}; materialize predictions of "
            f"{'it' if len(lacking) == 1 else 'them'} first."
        )
    known = {piece: state for piece, state in states.items() if state is not None}
    newest = max(known, key=lambda piece: state_file(folder, piece).stat().st_mtime_ns)
    wanted = known[newest].fingerprint | {name: facts[name] for name in REGION_FACTS}
    odd = {piece: differences(s.fingerprint, wanted) for piece, s in known.items()}
    odd = {piece: names for piece, names in odd.items() if names}
    if odd:
        names = sorted({name for several in odd.values() for name in several})
        raise RunError(
            f"Predictions of {_some(list(odd))} do not belong to the others or to region_db "
            f"(changed: {', '.join(names)}); materialize predictions of "
            f"{'it' if len(odd) == 1 else 'them'} again."
        )
    return known[newest]


def _some(pieces: list[str]) -> str:
    shown = ", ".join(pieces[:5])
    return shown if len(pieces) <= 5 else f"{shown} and {len(pieces) - 5} more"


def _held_alone(folder: RunFolder) -> AbstractContextManager[None]:
    return file_lock(
        in_use_lock(folder),
        busy=f"The regions in {folder.root} are in use by running predictions.",
        wait=True,
    )


def _refuse_change(path: Path, before: os.stat_result) -> None:
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{path} changed while it was read; try again when it is complete.")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _facts_file(folder: RunFolder) -> Path:
    return folder.sorted_gff.with_suffix(".json")


def _summary_file(folder: RunFolder) -> Path:
    return folder.root / "annotation.json"


def _write_json(path: Path, values: dict[str, Any]) -> None:
    with atomic_write(path) as handle:
        json.dump(values, handle, indent=1)
        handle.write("\n")
