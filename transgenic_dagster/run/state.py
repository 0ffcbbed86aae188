"""States that are kept in files: of each piece, and of the run as a summary of its pieces."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from transgenic_dagster.errors import UsageError
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.system.atomic_files import atomic_write

FORMAT = 3
BEGINNING = b'{\n "format":'
"""Bytes with which every state begins."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PieceState:
    """Identity of a piece's journal; the journal alone says how far the piece is.

    Args:
        piece: its name.
        fingerprint: everything that its predictions depend on.
        model: name of the model, as the user gave it.
        version: of this package, as the GFF3 names it.
        memory_budget: bytes that automatic batch sizes go by; kept, so that a resumed piece forms
            the same batches.
    """

    piece: str
    fingerprint: RunFingerprint
    model: str
    version: str
    memory_budget: int

    @property
    def identity(self) -> str:
        """Name of what its journal belongs to."""
        return self.fingerprint.identity(self.piece)

    def write(self, path: Path) -> None:
        """Replace the file."""
        values = asdict(self) | {"fingerprint": dict(self.fingerprint.values)}
        _write_json(path, {"format": FORMAT, **values})


def read_piece_state(path: Path) -> PieceState | None:
    """The state of a piece; None where it never began, or where the file is damaged.

    Raises:
        UsageError: another version of this program wrote the file, or it is another piece's.
    """
    values = _read_json(path)
    if values is None:
        return None
    try:
        state = PieceState(**values | {"fingerprint": _fingerprint(values)})
    except (TypeError, KeyError):
        _warn(path)
        return None
    if state.piece != path.stem:
        raise UsageError(
            f"{path} is the state of {state.piece}; put the right file back, or predict again with "
            "--overwrite."
        )
    return state


@dataclass(frozen=True)
class PieceSummary:
    """Progress of a piece."""

    regions: int
    completed: int
    rejected: int


@dataclass(frozen=True)
class RunSummary:
    """A run in one file, ``<output>.ckpt.json``: its identity, and how far its pieces are.

    It tells people and other programs; a run goes on from its pieces' own states and journals.

    Args:
        output: name of the annotation.
        fingerprint: everything that the predictions depend on.
        journal: folder of the journals.
        results: options that change how predictions become files, as text by name.
        version: code version of model and options (``fingerprint.code_version``).
        status: ``running``, or ``complete`` once the final files stand.
        total: genes of the input.
        completed: regions whose prediction is journaled.
        rejected: those of them without a gene model.
        skipped: genes of the input that never became a region.
        pieces: how far each piece is.
        accounting: final counts by outcome and reason (``Accounting.as_dict``).
        files: SHA-256 of the final files, by the option that names them.
        record: how a complete run was done (``record.describe_run``).
    """

    output: str
    fingerprint: RunFingerprint
    journal: str
    results: Mapping[str, str]
    version: str
    status: Literal["running", "complete"] = "running"
    total: int = 0
    completed: int = 0
    rejected: int = 0
    skipped: int = 0
    pieces: Mapping[str, PieceSummary] = field(default_factory=dict)
    accounting: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)

    def advanced(self, pieces: Mapping[str, PieceSummary]) -> "RunSummary":
        """The summary once the pieces are so far."""
        return replace(
            self,
            pieces=dict(pieces),
            completed=sum(piece.completed for piece in pieces.values()),
            rejected=sum(piece.rejected for piece in pieces.values()),
        )

    def write(self, path: Path) -> None:
        """Replace the file."""
        values = asdict(self) | {"fingerprint": dict(self.fingerprint.values)}
        _write_json(path, {"format": FORMAT, **values})


def read_run_summary(path: Path) -> RunSummary | None:
    """Read the summary of a run; None where there is none, or where the file is damaged.

    Raises:
        UsageError: another version of this program wrote the file.
    """
    values = _read_json(path)
    if values is None:
        return None
    try:
        pieces = {name: PieceSummary(**piece) for name, piece in values["pieces"].items()}
        named = {"fingerprint": _fingerprint(values), "pieces": pieces}
        return RunSummary(**values | named)
    except (TypeError, KeyError, AttributeError):
        _warn(path)
        return None


def _fingerprint(values: Mapping[str, Any]) -> RunFingerprint:
    fingerprint = values["fingerprint"]
    if not isinstance(fingerprint, dict):
        raise TypeError
    return RunFingerprint(fingerprint)


def _warn(path: Path) -> None:
    logger.warning("%s is damaged; it is written again", path)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = values.pop("format")
        sha256 = values.pop("sha256", None)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _warn(path)
        return None
    if known != FORMAT:
        raise UsageError(
            f"{path} was written by another version of this program; continue with that version, "
            "or start afresh with --overwrite."
        )
    if sha256 != _digest(values):
        _warn(path)
        return None
    return dict(values)


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _write_json(path: Path, values: dict[str, Any]) -> None:
    kept = {name: value for name, value in values.items() if name != "format"}
    values["sha256"] = _digest(kept)
    with atomic_write(path) as handle:
        json.dump(values, handle, indent=1)
        handle.write("\n")
