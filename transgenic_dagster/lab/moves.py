"""Assemblies that leave a home, or take another name there; nothing of the user's is lost."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import TransgenicError, UsageError
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import run_state_file_of
from transgenic_dagster.run.state import read_run_summary
from transgenic_dagster.system.atomic_files import atomic_write

TRASH = ".trash"


def remove_assembly(home: Home, name: str) -> Path:
    """Move the inputs and the results of an assembly to the home's trash.

    Args:
        home: the home.
        name: of the assembly; its folder, or what it left in ``runs/``, is there.

    Returns:
        The folder in the trash; it holds ``assembly/`` and ``run/``.

    Raises:
        UsageError: there is no such assembly, or it is being annotated.
    """
    inputs, run = home.assembly(name).path, home.run(name).root
    if not (inputs.exists() or inputs.is_symlink() or run.exists()):
        raise UsageError(_unknown(home, name))
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    trash = home.root / TRASH / f"{name}.{now}"
    with _at_rest(home, name):
        trash.mkdir(parents=True)
        if inputs.exists() or inputs.is_symlink():
            shutil.move(inputs, trash / "assembly")
        if run.exists():
            shutil.move(run, trash / "run")
    return trash


@contextmanager
def renamed_assembly(home: Home, old: str, new: str) -> Iterator[None]:
    """Give an assembly another name; its journals, databases and results move with it.

    The block runs when the results stand under the new name, before the assembly does.

    Args:
        home: the home.
        old: its present name.
        new: its new name.

    Raises:
        UsageError: there is no such assembly, it is being annotated, or the new name cannot be
            used.
    """
    inputs, target = home.assembly(old).path, home.assembly(new).path
    if not inputs.is_dir():
        raise UsageError(_unknown(home, old))
    run, moved = home.run(old), home.run(new)
    for taken in (target, moved.root):
        if taken.exists():
            raise UsageError(f"{taken} exists already; choose another name.")
    with _at_rest(home, old):
        if run.root.exists():
            run.root.rename(moved.root)
        try:
            _tell_new_paths(home, old, new)
            yield
            inputs.rename(target)
        except BaseException:
            if moved.root.exists():
                moved.root.rename(run.root)
                _tell_new_paths(home, new, old)
            raise


def moved_paths(home: Home, before: str, now: str) -> dict[str, str]:
    """Folders of an assembly that is renamed, each with a ``/``: new by old."""
    return {
        f"{home.assembly(before).path}/": f"{home.assembly(now).path}/",
        f"{home.run(before).root}/": f"{home.run(now).root}/",
    }


def delete_assembly(home: Home, name: str) -> None:
    """Delete the inputs and the results of an assembly for good; linked files stay where they are.

    Raises:
        UsageError: there is no such assembly, or it is being annotated.
    """
    shutil.rmtree(remove_assembly(home, name))


def _tell_new_paths(home: Home, before: str, now: str) -> None:
    """Correct the paths in the files of a run, which stands under its new name, that have any."""
    run = home.run(now)
    moved = moved_paths(home, before, now)
    if (marked := run.marked()) is not None:
        with atomic_write(run.marker) as handle:
            json.dump(_with_prefixes(marked, moved), handle, indent=1)
            handle.write("\n")
    for folder, output in (
        (run, home.results(now).gff3),
        (run.scoring, home.scores(now).scores),
    ):
        state_file = run_state_file_of(output)
        if (summary := read_run_summary(state_file)) is not None:
            record = _with_prefixes(dict(summary.record), moved)
            replace(summary, journal=str(folder.journal_folder), record=record).write(state_file)


def _with_prefixes(value: Any, moved: Mapping[str, str]) -> Any:
    """A value in which every text that begins with a path that has moved is corrected."""
    if isinstance(value, dict):
        return {name: _with_prefixes(inner, moved) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_prefixes(inner, moved) for inner in value]
    if isinstance(value, str):
        for before, now in moved.items():
            if f"{value}/".startswith(before):  # it may be the folder itself
                return (now + f"{value}/".removeprefix(before)).removesuffix("/")
    return value


@contextmanager
def _at_rest(home: Home, name: str) -> Iterator[None]:
    """Keep others from working on an assembly.

    Raises:
        UsageError: somebody does.
    """
    run = home.run(name)
    if not run.root.exists():
        yield
        return
    busy = f"{name} is being annotated; terminate its runs, or wait for them to end."
    with ExitStack() as locks:
        try:
            locks.enter_context(run.locked())
            for task in (run, run.scoring):
                for piece in sorted(path.stem for path in task.journal_folder.glob("*.json")):
                    locks.enter_context(task.predicting(piece))
                locks.enter_context(task.writing_results())
        except TransgenicError as error:
            raise UsageError(busy) from error
        yield


def _unknown(home: Home, name: str) -> str:
    known = ", ".join(folder.name for folder in home.assembly_folders()) or "none"
    return f"{home.root} has no assembly {name}; it has {known}."
