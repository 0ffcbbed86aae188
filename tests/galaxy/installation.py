"""A real Galaxy and planemo from PyPI, each in an environment of its own, kept in a cache."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

GALAXY_VERSION = "26.1.2"
PLANEMO_VERSION = "0.75.47"
CACHE_VARIABLE = "TRANSGENIC_GALAXY_CACHE"
_COMPLETE = "complete"


@dataclass(frozen=True)
class Installation:
    """Where the programs are.

    Args:
        galaxy: ``bin`` folder of Galaxy's environment.
        planemo: ``bin`` folder of planemo's environment.
    """

    galaxy: Path
    planemo: Path


def default_cache() -> Path:
    """Folder that keeps installations: ``$TRANSGENIC_GALAXY_CACHE``, else the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else users / "transgenic-dagster"


def install(cache: Path) -> Installation:
    """Install what the cache does not hold yet."""
    cache.mkdir(parents=True, exist_ok=True)
    galaxy = _environment(
        cache / f"galaxy-{GALAXY_VERSION}",
        f"galaxy=={GALAXY_VERSION}",
        # Galaxy pins every package; a machine's certificates are no matter of it.
        overrides="certifi\n",
    )
    planemo = _environment(cache / f"planemo-{PLANEMO_VERSION}", f"planemo=={PLANEMO_VERSION}")
    return Installation(galaxy, planemo)


def _environment(folder: Path, requirement: str, overrides: str = "") -> Path:
    """Make a virtual environment with one requirement; return its ``bin``."""
    if not (folder / _COMPLETE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        (folder / "overrides.txt").write_text(overrides)
        subprocess.run(
            [
                *(_uv(folder.parent), "pip", "install", "--quiet"),
                *("--python", folder / "bin" / "python", requirement),
                *("--override", folder / "overrides.txt"),
            ],
            check=True,
        )
        (folder / _COMPLETE).touch()
    return folder / "bin"


def _uv(cache: Path) -> Path:
    """The installer: 340 packages take it seconds, and pip minutes."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    program = cache / "uv" / "bin" / "uv"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", cache / "uv"], check=True)
        subprocess.run([cache / "uv" / "bin" / "pip", "install", "--quiet", "uv"], check=True)
    return program
