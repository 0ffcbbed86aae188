"""States that are kept in files: of each piece, and of the run as a summary of its pieces."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from transgenic_dagster.errors import RunError, UsageError
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.system.atomic_files import atomic_write

FORMAT = 2


@dataclass(frozen=True)
class PieceState:
    """Identity of a piece's journal; the journal alone says how far the piece is.

    Args:
        fingerprint: everything that its predictions depend on.
        model: name of the model, as the user gave it.
        version: of this package, as the GFF3 names it.
        memory_budget: bytes that automatic batch sizes go by; kept, so that a resumed piece forms
            the same batches.
    """

    fingerprint: RunFingerprint
    model: str
    version: str
    memory_budget: int

    def write(self, path: Path) -> None:
        """Replace the file."""
        values = asdict(self) | {"fingerprint": dict(self.fingerprint.values)}
        _write_json(path, {"format": FORMAT, **values})


def read_piece_state(path: Path) -> PieceState | None:
    """The state of a piece, None where it never began.

    Raises:
        RunError: the file is something else.
    """
    try:
        values = _read_json(path)
        return PieceState(**values | {"fingerprint": RunFingerprint(values["fingerprint"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(
            f"{path} is not the state of a piece ({error}); remove it, and the piece starts afresh."
        ) from error


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
        record: how a complete run was done (``record.describe_run``).
    """

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
    """Read the summary of a run; None where there is none.

    Raises:
        UsageError: the file is something else.
    """
    try:
        values = _read_json(path)
        values["fingerprint"] = RunFingerprint(values["fingerprint"])
        values["pieces"] = {name: PieceSummary(**v) for name, v in values["pieces"].items()}
        return RunSummary(**values)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} is not the state of a run ({error}); remove it or choose another "
            "--checkpoint_path."
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.pop("format") != FORMAT:
        raise ValueError("another format")
    return dict(values)


def _write_json(path: Path, values: dict[str, Any]) -> None:
    with atomic_write(path) as handle:
        json.dump(values, handle, indent=1)
        handle.write("\n")
