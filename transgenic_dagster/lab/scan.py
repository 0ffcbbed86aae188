"""Noticing assemblies that are new or have changed, without Dagster.

A file counts once it has rested: its size and time are the same at two looks, and nobody has it
open for writing. Then it is read once; touching it later changes nothing.
"""

import gzip
import logging
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.registry import Entry, Registry, Signature
from transgenic_dagster.lab.workspace import AssemblyFolder, Home, check_name
from transgenic_dagster.regions.pieces import assign_pieces
from transgenic_dagster.run.fingerprint import digest_input
from transgenic_dagster.sequences.compression import is_gzip
from transgenic_dagster.sequences.fasta import open_genome

REST_SECONDS = 10.0
DOUBTFUL_REST_SECONDS = 60.0
"""Files that end in the middle of a line, or cannot be read, may be half of what is to come."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """Files as they were when first seen in their present state."""

    signature: Signature
    since: float


@dataclass
class AssemblyScan:
    """What a look at the home found.

    Args:
        entries: new and renewed entries of the registry, by assembly.
        looks: files that do not rest yet, by assembly; to be handed to the next look.
        notes: sentences on what is waited for and what is wrong.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def scan_assemblies(
    home: Home, registry: Registry, looks: Mapping[str, Look], now: float
) -> AssemblyScan:
    """Look at all assemblies.

    Args:
        home: where they are.
        registry: those that are known.
        looks: what the look before found.
        now: time in seconds.
    """
    found = AssemblyScan()
    for folder in home.assembly_folders():
        name = folder.name
        try:
            check_name(name)
            signature = take_signature(folder)
            known = registry.get(name)
            if known is not None and known.signature == signature:
                continue
            before = looks.get(name)
            if before is None or before.signature != signature:
                before = Look(signature, now)
                found.notes.append(f"{name}: waiting until its files rest.")
            rested = now - before.since
            found.looks[name] = before
            if rested < REST_SECONDS or _is_being_written(folder):
                continue
            doubt = _doubt(folder)
            if doubt and rested < DOUBTFUL_REST_SECONDS:
                found.notes.append(f"{name}: {doubt}; waiting in case it is still being copied.")
                continue
            entry, problem = read_assembly(home, folder, known)
            if problem and rested < DOUBTFUL_REST_SECONDS:
                found.notes.append(f"{name}: {problem} Waiting in case it is still being copied.")
                continue
            if problem:
                found.notes.append(f"{name}: {problem}")
            found.entries[name] = entry
            del found.looks[name]
        except TransgenicError as error:
            found.notes.append(f"{name}: {error}")
    return found


def take_signature(folder: AssemblyFolder) -> Signature:
    """Size, time of change (ns) and inode of each input file.

    Raises:
        InputError: genome or genes are missing.
    """
    needed = [folder.genome, folder.genes]
    if folder.options_file.exists():
        needed.append(folder.options_file)
    statuses = {path.name: path.stat() for path in needed}
    return {name: [s.st_size, s.st_mtime_ns, s.st_ino] for name, s in statuses.items()}


def read_assembly(
    home: Home, folder: AssemblyFolder, known: Entry | None, *, generation: int | None = None
) -> tuple[Entry, str]:
    """Read an assembly's files once.

    Args:
        home: where the assembly belongs.
        folder: its files.
        known: its present entry.
        generation: of the new entry; by default one more than before where content has changed.

    Returns:
        The new entry, and what is wrong with the assembly, empty where nothing is.

    Raises:
        InputError: genome or genes are missing.
    """
    signature = take_signature(folder)
    digests = {
        "genome": digest_input(folder.genome, "genome"),
        "annotation": digest_input(folder.genes, "annotation"),
    }
    if folder.options_file.exists():
        digests["options"] = digest_input(folder.options_file, "options file")
    before = known.generation if known is not None else 0
    if known is not None and known.digests == digests:
        return Entry(known.pieces, digests, signature, before), ""
    pieces: tuple[str, ...] = ()
    problem = ""
    try:
        assembly_options(home, folder)
        pieces = read_pieces(folder.genome, home.root)
    except TransgenicError as error:
        problem = str(error)
    if generation is None:
        generation = before + 1
    return Entry(pieces, digests, signature, generation), problem


def read_pieces(genome: Path, scratch: Path) -> tuple[str, ...]:
    """Names of a genome's pieces, in order.

    Raises:
        InputError: it is no FASTA file that can be used.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".reading-", dir=scratch) as cache,
        open_genome(genome, Path(cache)) as opened,
    ):
        return tuple(dict.fromkeys(assign_pieces(opened.lengths).values()))


def _doubt(folder: AssemblyFolder) -> str:
    """Why files that rest may be incomplete all the same; empty where nothing speaks for it."""
    for path in (folder.genome, folder.genes):
        if path.stat().st_size == 0:
            return f"{path.name} is empty"
        if is_gzip(path):
            continue
        with path.open("rb") as handle:
            handle.seek(-1, os.SEEK_END)
            if handle.read(1) not in b"\r\n":
                return f"{path.name} ends in the middle of a line"
    if is_gzip(folder.genes):
        try:
            with gzip.open(folder.genes) as handle:
                while handle.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error):
            return f"{folder.genes.name} ends in the middle of its compressed data"
    return ""


def _is_being_written(folder: AssemblyFolder) -> bool:
    """Whether a process of this machine has an input open for writing, as far as we may see."""
    wanted = {(s.st_dev, s.st_ino) for s in (p.stat() for p in (folder.genome, folder.genes))}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            status = descriptor.stat()
            if (status.st_dev, status.st_ino) in wanted:
                info = descriptor.parent.parent / "fdinfo" / descriptor.name
                if _mode(info.read_text()) != os.O_RDONLY:
                    return True
        except OSError:
            continue  # the process has ended, or is another user's
    return False


def _mode(fdinfo: str) -> int:
    flags: dict[str, Any] = dict(line.split(":", 1) for line in fdinfo.splitlines() if ":" in line)
    return int(flags["flags"], 8) & os.O_ACCMODE
