"""The lists of what is to be installed."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "requirements"


def requirements(name: str) -> dict[str, str]:
    """Bounds by distribution of ``requirements/<name>.txt``."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    parts = (re.fullmatch(r"([\w-]+)(.*)", line) for line in lines if not line.startswith("#"))
    return {part[1]: part[2] for part in parts if part}
