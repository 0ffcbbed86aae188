"""Registry of a home: known assemblies, their pieces, and the files that these were read from.

It is the one source of Dagster's partitions. Writers hold a lock; readers see a complete file.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.locks import file_lock

FORMAT = 1

Signature = dict[str, list[int]]
"""Size, time of change (ns) and inode of each input file, by name."""


@dataclass(frozen=True)
class Entry:
    """Known assembly.

    Args:
        pieces: names of its genome's pieces, in order; none where the genome cannot be read.
        digests: SHA-256 of each input file, by role (genome, annotation, options).
        signature: state of the files that these digests were taken from.
        generation: number of changes of content; 0 for an assembly that ``init`` has put there and
            that waits for a click.
    """

    pieces: tuple[str, ...]
    digests: dict[str, str] = field(default_factory=dict)
    signature: Signature = field(default_factory=dict)
    generation: int = 1


Registry = dict[str, Entry]
"""Entries by name of the assembly, sorted."""


def read_registry(home: Home) -> Registry:
    """Read the registry; empty where there is none.

    Raises:
        UsageError: the file is not a registry.
    """
    path = home.registry_file
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']}")
        entries = {name: _entry(value) for name, value in values["assemblies"].items()}
        return dict(sorted(entries.items()))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{path} is not a registry of assemblies ({error}); remove it, and it is written again."
        ) from error


@contextmanager
def registry_to_change(home: Home) -> Iterator[Registry]:
    """Yield the registry for changes, locked; it is written at the end, if it has changed."""
    with file_lock(
        home.registry_file.with_name(".registry.lock"),
        busy="Another process is writing the registry.",
        wait=True,
    ):
        registry = read_registry(home)
        before = dict(registry)
        yield registry
        if registry != before:
            write_registry(home.registry_file, registry)


def write_registry(path: Path, registry: Registry) -> None:
    """Replace the registry."""
    entries = {name: asdict(entry) for name, entry in sorted(registry.items())}
    with atomic_write(path) as handle:
        json.dump({"format": FORMAT, "assemblies": entries}, handle, indent=1)
        handle.write("\n")


def _entry(value: dict[str, Any]) -> Entry:
    return Entry(
        pieces=tuple(value["pieces"]),
        digests=dict(value["digests"]),
        signature=dict(value["signature"]),
        generation=int(value["generation"]),
    )
