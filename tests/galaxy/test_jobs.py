import subprocess

import pytest

from tests.galaxy.jobs import HOSTILE, check_nothing_was_executed


@pytest.fixture
def job_folder(tmp_path):
    """Folder of a job on two datasets with hostile names, while it runs."""
    folder = tmp_path / "job" / "working"
    for role in ("genome", "genes"):
        (folder / role).mkdir(parents=True)
        (folder / role / HOSTILE).touch()
    return folder


def test_names_that_are_quoted_are_harmless(job_folder):
    check_nothing_was_executed(job_folder)


def test_a_name_that_a_shell_executes_is_noticed(job_folder):
    # Quotes around a name do not hold if the name has one itself.
    name = HOSTILE.replace("rm -rf $HOME", "true")
    subprocess.run(["sh", "-c", f"ls '{name}'"], cwd=job_folder, check=False, capture_output=True)
    with pytest.raises(SystemExit, match="executed"):
        check_nothing_was_executed(job_folder)


def test_another_folder_is_not_taken_for_the_jobs(job_folder):
    with pytest.raises(SystemExit, match="not the folder"):
        check_nothing_was_executed(job_folder.parent)
