import os
import subprocess

import pytest

from tests.galaxy.jobs import DEMO_GENES
from tests.galaxy.slurm import DESTINATION, SlurmForGalaxy
from tests.galaxy.walltime import check_equal, check_second_attempt

SAID = "predicting {}/48 regions (0%), 0.00 regions/s, ETA ?, 0 rejected\n"
GENES = b"Chr1\ttransgenic\tgene\t1\t2\n" * DEMO_GENES


@pytest.fixture
def slurm(tmp_path):
    made = SlurmForGalaxy(tmp_path / "slurm")
    made.write()
    return made


def test_the_samples_destination_is_what_a_job_is_submitted_to_again(slurm, tmp_path):
    found = slurm.destinations(tmp_path / "bin", tmp_path / "runs")
    rules = {rule["condition"]: rule["environment"] for rule in found[DESTINATION]["resubmit"]}
    assert rules["walltime_reached and attempt < 10"] == DESTINATION
    assert set(rules.values()) <= set(found)
    for destination in found.values():
        given = {entry["name"]: entry["value"] for entry in destination["env"]}
        assert given["TRANSGENIC_RUNS"] == str(tmp_path / "runs")
        assert given["PATH"].startswith(str(tmp_path / "bin"))


def test_galaxy_is_told_why_a_job_has_ended(slurm, tmp_path):
    scontrol = slurm.folder / "programs" / "scontrol"
    scontrol.write_text('#!/bin/sh\necho "JobId=7 JobName=$4 JobState=TIMEOUT Reason=TimeLimit"\n')
    scontrol.chmod(0o755)
    said = subprocess.run(
        ["sacct", "-o", "JobIDRaw,State", "-P", "-n", "-j", "7"],
        env=slurm.environment(os.environ["PATH"]),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said == "7|TIMEOUT\n"


def test_an_attempt_that_goes_on_is_well():
    check_second_attempt({"state": "ok", "stderr": SAID.format(12)})


@pytest.mark.parametrize(
    ("state", "stderr"), [("ok", SAID.format(0)), ("ok", ""), ("error", SAID.format(12))]
)
def test_an_attempt_that_begins_afresh_or_fails_is_noticed(state, stderr):
    with pytest.raises(SystemExit, match="reached its walltime"):
        check_second_attempt({"state": state, "stderr": stderr})


def test_equal_results_are_well():
    check_equal({"annotation": GENES, "proteins": b""}, {"annotation": GENES, "proteins": b""})


@pytest.mark.parametrize(
    "quick",
    [{"annotation": GENES, "proteins": b">A"}, {"annotation": GENES}, {"annotation": b""}],
)
def test_results_that_differ_are_noticed(quick):
    with pytest.raises(SystemExit, match="gave another"):
        check_equal({"annotation": GENES, "proteins": b""}, quick)
