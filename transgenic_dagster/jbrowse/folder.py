"""The folder that JBrowse opens: its files, who made it, and how they are exchanged."""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.jbrowse.configuration import GENOME_FILES, NAMES_FILES, TRACKS
from transgenic_dagster.system.atomic_files import atomic_copy_target, atomic_write
from transgenic_dagster.system.locks import file_lock

CONFIGURATION: Final = "config.json"
MARKER: Final = "transgenic.json"
_LOCK: Final = ".lock"
_BEFORE_MARKER: Final = (_LOCK, f".{MARKER}.")
"""How names of files begin that a process may leave which is killed before there is a marker."""

_MAKING: Final = ".making"
_MARK: Final = {"format": 1, "made_by": "transgenic-dagster"}
_FILES: Final = (
    *GENOME_FILES,
    *(name for track in TRACKS for name in track.files),
    *NAMES_FILES,
    CONFIGURATION,
)
"""All files, the one that names the others last."""


def check_jbrowse_folder(folder: Path, files: Iterable[Path], run_folder: Path) -> None:
    """Check that a folder can be made, or is one that was made before.

    Args:
        folder: the folder.
        files: inputs and other outputs of the run.
        run_folder: folder of everything that is not final.

    Raises:
        UsageError: it holds other things, has to do with other files of the run, or cannot be
            written.
    """
    if (folder.exists() or folder.is_symlink()) and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; choose another name for --jbrowse.")
    place, run_place = folder.resolve(), run_folder.resolve()
    for path in (*files, run_folder):
        if place in (resolved := path.resolve(), *resolved.parents):
            raise UsageError(
                f"The folder {folder} of --jbrowse is for nothing else, but {path} is named, too; "
                "choose another folder."
            )
    if run_place in place.parents:
        raise UsageError(f"{folder} lies in the run's own folder {run_folder}; choose another one.")
    if not folder.parent.is_dir():
        raise UsageError(f"The folder {folder.parent} of {folder.name} does not exist; create it.")
    _refuse_strangers(folder)
    try:
        with TemporaryFile(dir=folder if folder.exists() else folder.parent):
            pass
    except OSError as error:
        raise UsageError(_cannot_be_written(folder, error)) from error


@contextmanager
def making_files(folder: Path) -> Iterator[Path]:
    """Yield a folder to make all files in; they take their places when the block ends well.

    Raises:
        UsageError: the folder holds other things, or another process is writing it.
        InputError: the folder cannot be written.
    """
    _refuse_strangers(folder)
    with ExitStack() as lock:
        try:
            lock.enter_context(
                file_lock(
                    folder / _LOCK,
                    busy=f"Another process is writing {folder}; wait for it or choose another "
                    "folder.",
                    remove=True,
                    error=UsageError,
                )
            )
            making = _begin(folder)
        except OSError as error:
            raise InputError(_cannot_be_written(folder, error)) from error
        yield making
        # Without its configuration, a folder of files old and new is not taken for complete.
        (folder / CONFIGURATION).unlink(missing_ok=True)
        for name in _FILES:
            with atomic_copy_target(folder / name) as target:
                shutil.copyfile(making / name, target)
        shutil.rmtree(making)


def remove_jbrowse_folder(folder: Path) -> None:
    """Remove a folder that was made for JBrowse; one that holds other things stays."""
    if _is_marked(folder):
        shutil.rmtree(folder)


def _begin(folder: Path) -> Path:
    """Mark a folder, and return an empty one in it."""
    with atomic_write(folder / MARKER) as handle:
        json.dump(_MARK, handle)
        handle.write("\n")
    making = folder / _MAKING
    if making.exists():  # left by a killed process
        shutil.rmtree(making)
    making.mkdir()
    return making


def _cannot_be_written(folder: Path, error: OSError) -> str:
    return f"The folder {folder} cannot be written ({error.strerror}); choose another one."


def _refuse_strangers(folder: Path) -> None:
    if not folder.exists() or _is_marked(folder):
        return
    strangers = sorted(p.name for p in folder.iterdir() if not p.name.startswith(_BEFORE_MARKER))
    if strangers:
        raise UsageError(
            f"{folder} was not made by --jbrowse (it holds {strangers[0]}, but no {MARKER}); "
            "choose another folder."
        )


def _is_marked(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / MARKER).read_text(encoding="utf-8")) == _MARK)
    except (OSError, ValueError):
        return False
