"""A real Galaxy and what lints for it, from PyPI, each in an environment of its own in a cache.

``python -m tests.galaxy.installation`` makes these environments ahead; it needs no package.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

GALAXY_VERSION = "26.1.2"
PLANEMO_VERSION = "0.75.47"
VORTEX_VERSION = "3.3.0"
CACHE_VARIABLE = "TRANSGENIC_GALAXY_CACHE"
_COMPLETE = "complete"


def default_cache() -> Path:
    """Folder that keeps installations: ``$TRANSGENIC_GALAXY_CACHE``, else the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else users / "transgenic-dagster"


def install_galaxy(cache: Path) -> Path:
    """Install Galaxy where the cache does not hold it yet; return its folder of programs."""
    # Galaxy pins every package; a machine's certificates are no matter of it. Each job imports what
    # is there for Google's cloud, for a second, and can do without.
    overrides = "certifi\ngoogle-cloud-batch; python_version < '3'\n"
    return _environment(cache, f"galaxy=={GALAXY_VERSION}", overrides)


def install_planemo(cache: Path) -> Path:
    """Install planemo where the cache does not hold it yet; return its folder of programs."""
    return _environment(cache, f"planemo=={PLANEMO_VERSION}")


def install_vortex(cache: Path) -> Path:
    """Install Total Perspective Vortex where the cache does not hold it yet; return its folder."""
    # Its command line is a part of Galaxy's own environment.
    requirement = f"total-perspective-vortex[cli]=={VORTEX_VERSION}"
    return _environment(cache, requirement, overrides=f"certifi\ngalaxy=={GALAXY_VERSION}\n")


def _environment(cache: Path, requirement: str, overrides: str = "") -> Path:
    """Make a virtual environment with one requirement; return its ``bin``."""
    folder = cache / requirement.replace("==", "-")
    if not (folder / _COMPLETE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        (folder / "overrides.txt").write_text(overrides)
        subprocess.run(
            [
                *(_uv(cache), "pip", "install", "--quiet"),
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


if __name__ == "__main__":
    install_galaxy(default_cache())
    install_planemo(default_cache())
