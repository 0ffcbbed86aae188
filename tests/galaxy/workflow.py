"""The workflow, and its part that needs no other tool than ours."""

import json
from pathlib import Path
from typing import Any

from tests.galaxy.form import TOOL_FOLDER

WORKFLOW = TOOL_FOLDER / "workflows" / "transgenic_reannotation.ga"
TESTS = WORKFLOW.with_name(f"{WORKFLOW.stem}-tests.yml")


def steps() -> dict[str, dict[str, Any]]:
    """Steps of the workflow by label."""
    return {step["label"]: step for step in read(WORKFLOW)["steps"].values()}


def read(path: Path) -> dict[str, Any]:
    """A workflow in Galaxy's own format."""
    return json.loads(path.read_text())


def our_part() -> dict[str, Any]:
    """The workflow without the steps whose tools come from the Tool Shed."""
    workflow = read(WORKFLOW)
    workflow["steps"] = {
        number: step
        for number, step in workflow["steps"].items()
        if "tool_shed_repository" not in step
    }
    return workflow
