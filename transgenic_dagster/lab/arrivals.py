"""Arrivals: assemblies of a home whose files have come to rest, and what is wrong with others.

Files are only looked at, never read: an assembly is a matter of milliseconds, whatever its size.
They rest once size and time have stayed the same for some time and nobody writes to them.
"""

import os
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from transgenic_dagster.errors import InputError, TransgenicError
from transgenic_dagster.lab.options import assembly_options, home_options, lifted_from
from transgenic_dagster.lab.workspace import AssemblyFolder, Home, check_name
from transgenic_dagster.sequences.compression import is_gzip

REST_SECONDS = 30.0
"""Files that are complete as far as one can see rest that long."""
REST_IN_DOUBT = 4
"""Files that end in the middle of a line rest so many times longer: a copy may have stalled."""

Signature = list[list[int | str]]
"""Name, size and time of change (ns) of each input file."""


@dataclass(frozen=True)
class Sighting:
    """State in which the files of an assembly were seen.

    Args:
        signature: the state.
        since: time in seconds when they were first seen in it.
    """

    signature: Signature
    since: float


@dataclass
class Arrivals:
    """What a look at a home has found.

    Args:
        at_rest: files that have stopped changing, by assembly.
        sightings: all files, by assembly; the next look needs them.
        waiting: sentences on what is waited for.
        problems: what is wrong, by name of the folder.
    """

    at_rest: dict[str, Signature] = field(default_factory=dict)
    sightings: dict[str, Sighting] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


def look_for_arrivals(
    home: Home,
    before: Mapping[str, Sighting],
    now: float,
    rest_seconds: float = REST_SECONDS,
) -> Arrivals:
    """Look at all assemblies of a home; nothing that is wrong with one hides the others.

    Args:
        home: the home.
        before: the sightings of the last look.
        now: time in seconds.
        rest_seconds: time for which files must stay as they are.
    """
    found, writers = Arrivals(), _Writers()
    for folder in home.assembly_folders():
        try:
            _look_at(home, folder, before.get(folder.name), now, rest_seconds, found, writers)
        except Exception as error:  # whatever is wrong with one, the others are looked at
            found.problems[folder.name] = str(error)
    return found


def signature_of(states: Mapping[str, os.stat_result]) -> Signature:
    """State of the input files of an assembly (``states_of``)."""
    return [[name, state.st_size, state.st_mtime_ns] for name, state in states.items()]


def problems_of(home: Home) -> dict[str, str]:
    """What is wrong now, by name of the folder; options are read, other files are not."""
    found = look_for_arrivals(home, {}, time.time(), rest_seconds=0)
    try:
        home_options(home)
    except TransgenicError as error:
        return {**found.problems, "the lab": str(error)}
    for name in found.at_rest:
        try:
            assembly_options(home, home.assembly(name))
        except Exception as error:  # whatever is in the file, the others are read
            found.problems[name] = str(error)
    return found.problems


def describe_problems(problems: Mapping[str, str]) -> str:
    """One sentence on each folder that cannot be used."""
    said = " ".join(f"{name}: {text}" for name, text in sorted(problems.items()))
    return said or "all folders can be used"


def states_of(home: Home, folder: AssemblyFolder) -> dict[str, os.stat_result]:
    """States of the input files of an assembly, by name; also of one that its genes come from.

    Raises:
        OSError: the folder cannot be read, or a link leads nowhere.
        TransgenicError: it has no annotation, and no other assembly's can be used.
    """
    states, source = folder.states(), lifted_from(home, folder)
    if source:
        others = (source.genome.name, source.genes.name)
        states |= {f"{source.name}/{n}": s for n, s in source.states().items() if n in others}
    return states


def check_folder(home: Home, folder: AssemblyFolder) -> None:
    """Check what can be seen of an assembly without reading its files.

    Raises:
        TransgenicError: its name cannot be used; a file is missing, doubled, or not a file.
    """
    check_name(folder.name)
    for path, role in _inputs(home, folder):
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(
                f"The {role} {path} is not a regular file, but it is read more than once: save it "
                "as a file (plain or gzip)."
            )


def _inputs(home: Home, folder: AssemblyFolder) -> list[tuple[Path, str]]:
    """Files that an assembly is annotated from, and what they are."""
    source = lifted_from(home, folder)
    if source is None:
        return [(folder.genome, "genome"), (folder.genes, "annotation")]
    others = [(source.genome, "genome to lift from"), (source.genes, "annotation to lift from")]
    return [(folder.genome, "genome"), *others]


def _look_at(
    home: Home,
    folder: AssemblyFolder,
    before: Sighting | None,
    now: float,
    rest_seconds: float,
    found: Arrivals,
    writers: "_Writers",
) -> None:
    name, states = folder.name, states_of(home, folder)
    signature = signature_of(states)
    seen = before if before and before.signature == signature else Sighting(signature, now)
    found.sightings[name] = seen
    rested = now - seen.since
    if seen is before:
        # Files that have rested where they were before, such as linked ones, need not rest again.
        rested = max(rested, now - max((s.st_mtime for s in states.values()), default=now))
    if rested < rest_seconds:
        found.waiting.append(f"{name}: waiting for files to stop changing.")
        return
    check_folder(home, folder)
    doubt = _doubt(path for path, _ in _inputs(home, folder))
    if doubt and rested < REST_IN_DOUBT * rest_seconds:
        found.waiting.append(f"{name}: {doubt}; waiting in case it is still being copied.")
    elif writers.write_to(states.values()):
        found.waiting.append(f"{name}: waiting for files to stop changing.")
    else:
        found.at_rest[name] = signature


def _doubt(paths: Iterable[Path]) -> str:
    """Reason to think that files are incomplete; empty where there is none."""
    for path in paths:
        if path.stat().st_size == 0:
            return f"{path.name} is empty"
        if is_gzip(path):
            continue
        with path.open("rb") as handle:
            handle.seek(-1, os.SEEK_END)
            if handle.read(1) not in b"\r\n":
                return f"{path.name} ends in the middle of a line"
    return ""


class _Writers:
    """Files that processes of this machine, visible to this user, have open for writing."""

    def write_to(self, states: Iterable[os.stat_result]) -> bool:
        """Return whether one of the files is among them."""
        return any((state.st_dev, state.st_ino) in self._open for state in states)

    @cached_property
    def _open(self) -> set[tuple[int, int]]:
        found = set()
        for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
            try:
                status = descriptor.stat()
                info = descriptor.parent.parent / "fdinfo" / descriptor.name
                if stat.S_ISREG(status.st_mode) and _mode(info.read_text()) != os.O_RDONLY:
                    found.add((status.st_dev, status.st_ino))
            except OSError:
                continue  # the process has ended, or is another user's
        return found


def _mode(fdinfo: str) -> int:
    flags = dict(line.split(":", 1) for line in fdinfo.splitlines() if ":" in line)
    return int(flags["flags"], 8) & os.O_ACCMODE
