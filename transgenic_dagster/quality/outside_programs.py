"""Programs of others that judge proteins, each run in its own environment."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import MissingOnMachineError, RunError

_OURS: Final = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
_LONGEST_MESSAGE = 300

Measures = Mapping[str, int | float]
"""Figures by name; shares in percent."""


def find_program(name: str, variable: str, remedy: str) -> Path:
    """Find a program: where an environment variable says, else on the PATH.

    Args:
        name: of the executable.
        variable: of the environment.
        remedy: how to install it, one phrase.

    Raises:
        MissingOnMachineError: it is not there.
    """
    given = os.environ.get(variable)
    found = shutil.which(given or name)
    if found is None:
        where = f"{given} ({variable})" if given else f"{name} on the PATH"
        raise MissingOnMachineError(f"There is no {where}; {remedy}, or set {variable}.")
    return Path(found).absolute()


def find_data(variable: str, what: str) -> Path:
    """Find the data of a program where an environment variable says.

    Raises:
        MissingOnMachineError: the variable is not set, or there is nothing.
    """
    given = os.environ.get(variable)
    if not given:
        raise MissingOnMachineError(f"{variable} is not set; let it name {what}.")
    if not Path(given).exists():
        raise MissingOnMachineError(f"{variable} names {given}, which does not exist.")
    return Path(given).absolute()


def run_program(command: Sequence[str | Path], folder: Path) -> None:
    """Run a program in a folder, without what our own Python environment sets.

    Raises:
        RunError: it cannot be started, or ends with an error; its last line is told.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise RunError(f"{name} cannot be started ({error.strerror}).") from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise RunError(
            f"{name} ended with exit code {done.returncode}: {lines[-1][:_LONGEST_MESSAGE]}"
        )
