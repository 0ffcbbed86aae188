"""Pieces of an assembly, in a small file beside its region database, for whoever plans its runs."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

from transgenic_dagster.lab.wanted_files import wanted_files
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.fingerprint import RunFingerprint, code_version
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.system.atomic_files import atomic_write

PIECES_FILE = "pieces.json"


@dataclass(frozen=True)
class Pieces:
    """Pieces of an assembly.

    Args:
        names: in the order of the genome.
        version: of the regions, the model and the options that their predictions are made from.
        scored: whether the input's own genes are scored without a click.
        wanted: what the results have beyond the files that are always written.
    """

    names: tuple[str, ...]
    version: str
    scored: bool = False
    wanted: tuple[str, ...] = ()

    @property
    def results_version(self) -> str:
        """Version that the results are made from."""
        return " ".join((self.version, *self.wanted))

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        regions: RunFingerprint,
        options: AnnotateOptions,
        *,
        scored: bool,
    ) -> Self:
        """Return the pieces of regions with these facts, for predictions with these options."""
        facts = {**regions.values, "model and options": code_version(options)}
        version = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return cls(tuple(names), version, scored, wanted_files(options))


def read_pieces(folder: RunFolder) -> Pieces | None:
    """Pieces of the assembly whose run has this folder; None where nobody has made its regions."""
    try:
        values = json.loads((folder.root / PIECES_FILE).read_text(encoding="utf-8"))
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Pieces(**values | lists)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_pieces(folder: RunFolder, pieces: Pieces) -> None:
    """Replace the file."""
    with atomic_write(folder.root / PIECES_FILE) as handle:
        json.dump(asdict(pieces), handle, indent=1)
        handle.write("\n")


def chromosomes(home: Home, assemblies: Iterable[str]) -> set[str]:
    """Names of all pieces of some assemblies."""
    found = (read_pieces(home.run(name)) for name in assemblies)
    return {piece for pieces in found if pieces is not None for piece in pieces.names}
