"""Our tool under other names: Galaxy chooses the destination of a job by the name of its tool."""

import shutil
from pathlib import Path

from tests.galaxy.form import TOOL, TOOL_FOLDER


def renamed_id(destination: str) -> str:
    """Identifier of the tool whose jobs go to a destination."""
    return f"{TOOL.stem}_{destination}"


def write_renamed_tool(destination: str, folder: Path) -> Path:
    """Copy the tool under the name for a destination; return its XML.

    Args:
        destination: name of the destination.
        folder: new folder of the copy.
    """
    shutil.copytree(TOOL_FOLDER, folder)
    xml = folder / TOOL.name
    ours, other = (f'<tool id="{name}"' for name in (TOOL.stem, renamed_id(destination)))
    xml.write_text(TOOL.read_text().replace(ours, other, 1))
    return xml
