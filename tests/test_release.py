"""The release workflow starts nothing and publishes nothing unless a maintainer says so."""

import re
from pathlib import Path

import pytest
import yaml

from tests.galaxy.image import RECIPE, instructions

REPOSITORY = Path(__file__).parents[1]
FILE = REPOSITORY / ".github" / "workflows" / "release.yml"
WORKFLOW = yaml.safe_load(FILE.read_text())
JOBS = WORKFLOW["jobs"]
TRIGGERS = WORKFLOW[True]
"""What stands at ``on``, which YAML 1.1 reads as a truth value."""


def test_it_starts_only_by_hand():
    assert list(TRIGGERS) == ["workflow_dispatch"]


@pytest.mark.parametrize("job", JOBS)
def test_what_leaves_the_repository_waits_for_a_setting(job):
    publishing = [
        step
        for step in JOBS[job]["steps"]
        if "pypi-publish" in step.get("uses", "") or "docker push" in step.get("run", "")
    ]
    for step in publishing:
        assert "vars." in step.get("if", JOBS[job].get("if", ""))
    assert bool(publishing) is (job != "packages")


def test_packages_leave_only_after_all_has_been_tried():
    assert set(JOBS["publish-packages"]["needs"]) == {"packages", "images"}


def test_files_and_arguments_that_it_names_are_there():
    text = FILE.read_text()
    for name in re.findall(r"(?<![\w./])(?:galaxy_tool|requirements)/\S+", text):
        assert (REPOSITORY / name).is_file(), name
    (torch,) = (v["torch"] for v in JOBS["images"]["strategy"]["matrix"]["include"] if v["torch"])
    assert torch in RECIPE.read_text()
    assert ("ARG", torch.partition("=")[0]) in instructions()
