"""The state of a run in ``<output>.ckpt.json``: how far it is, and what it was started with."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.atomic_files import atomic_write

FORMAT = 1


@dataclass(frozen=True)
class RunState:
    """What the checkpoint file holds.

    Args:
        fingerprint: everything that changes results, by name.
        journal: folder of the journals.
        memory_budget: bytes that automatic batch sizes go by; kept, so that a resumed run forms
            the same batches.
        status: ``running``, or ``complete`` once the final files stand.
        total: genes of the input.
        completed: regions whose prediction is journaled.
        rejected: those of them without a gene.
        skipped: genes of the input that never became a region.
        accounting: final counts by outcome and reason.
    """

    fingerprint: dict[str, str]
    journal: str
    memory_budget: int
    status: Literal["running", "complete"] = "running"
    total: int = 0
    completed: int = 0
    rejected: int = 0
    skipped: int = 0
    accounting: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Replace the checkpoint file."""
        with atomic_write(path) as handle:
            json.dump({"format": FORMAT, **asdict(self)}, handle, indent=1)
            handle.write("\n")

    def advanced(self, regions: int, rejected: int) -> "RunState":
        """The state after some more regions."""
        return replace(self, completed=self.completed + regions, rejected=self.rejected + rejected)

    def differences(self, fingerprint: dict[str, str]) -> list[str]:
        """What differs from another fingerprint, one phrase each."""
        names = sorted(self.fingerprint.keys() | fingerprint.keys())
        return [
            f"{name} was {_short(self.fingerprint.get(name))}, is {_short(fingerprint.get(name))}"
            for name in names
            if self.fingerprint.get(name) != fingerprint.get(name)
        ]


def read_run_state(path: Path) -> RunState | None:
    """Read the checkpoint file; None where there is none.

    Raises:
        UsageError: the file is something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError("another format")
        return RunState(**values)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} is not the state of a run ({error}); remove it or choose another "
            "--checkpoint_path."
        ) from error


def _short(value: str | None) -> str:
    if value is None:
        return "not recorded"
    return f"{value[:12]}…" if len(value) == 64 else value
