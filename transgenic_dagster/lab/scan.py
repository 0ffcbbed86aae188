"""Scan of a home for assemblies that are new or have changed.

Files are read once they have stopped changing: size, time and inode are the same in two scans some
seconds apart, and nobody has them open for writing. Touching them later changes nothing.
"""

import gzip
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

STABLE_SECONDS = 10.0
STABLE_SECONDS_IN_DOUBT = 60.0
"""For files that end in the middle of a line or cannot be read: a copy may just have stalled."""


@dataclass(frozen=True)
class ChangingFiles:
    """Files that may still change.

    Args:
        signature: their present state.
        since: time in seconds when they were first seen in it.
    """

    signature: Signature
    since: float


@dataclass
class AssemblyScan:
    """Result of a scan.

    Args:
        entries: new and renewed entries of the registry, by assembly.
        changing: files that may still change, by assembly; the next scan needs them.
        notes: sentences that say what is waited for and what is wrong.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    changing: dict[str, ChangingFiles] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def scan_assemblies(
    home: Home, registry: Registry, changing: Mapping[str, ChangingFiles], now: float
) -> AssemblyScan:
    """Scan all assemblies of a home.

    Args:
        home: the home.
        registry: its known assemblies.
        changing: files that could still change at the scan before, by assembly.
        now: time in seconds.
    """
    scan = AssemblyScan()
    for folder in home.assembly_folders():
        name = folder.name
        try:
            check_name(name)
            signature = take_signature(folder)
            known = registry.get(name)
            if known is not None and known.signature == signature:
                continue
            files = changing.get(name)
            if files is None or files.signature != signature:
                files = ChangingFiles(signature, now)
            scan.changing[name] = files
            stable_seconds = now - files.since
            if stable_seconds < STABLE_SECONDS or _is_being_written(folder):
                scan.notes.append(f"{name}: waiting for files to stop changing.")
                continue
            doubt = _doubt(folder)
            if doubt and stable_seconds < STABLE_SECONDS_IN_DOUBT:
                scan.notes.append(f"{name}: {doubt}; waiting in case it is still being copied.")
                continue
            entry, problem = read_assembly(home, folder, known)
            if problem and stable_seconds < STABLE_SECONDS_IN_DOUBT:
                scan.notes.append(f"{name}: {problem} Waiting in case it is still being copied.")
                continue
            if problem:
                scan.notes.append(f"{name}: {problem}")
            scan.entries[name] = entry
            del scan.changing[name]
        except TransgenicError as error:
            scan.notes.append(f"{name}: {error}")
    return scan


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
        home: home of the assembly.
        folder: its files.
        known: its present entry; None for a new assembly.
        generation: of the new entry; by default one more than before where content has changed.

    Returns:
        The new entry, and a sentence on the problem that the assembly has; empty where it has none.

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
        InputError: it is not a FASTA file that can be used.
    """
    with (
        tempfile.TemporaryDirectory(prefix=".reading-", dir=scratch) as cache,
        open_genome(genome, Path(cache)) as opened,
    ):
        return tuple(dict.fromkeys(assign_pieces(opened.lengths).values()))


def _doubt(folder: AssemblyFolder) -> str:
    """Reason to think that files are incomplete; empty where there is none."""
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
    """Return whether a process of this machine, visible to this user, writes to an input."""
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
