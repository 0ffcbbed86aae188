import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("task", "kills", "device"),
    [("predict", 1, "cpu,cpu"), ("complete", 1, "cpu"), ("score", 1, "cpu")],
)
def test_killed_runs_end_with_the_bytes_of_an_uninterrupted_run(task, kills, device):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.kill_and_resume", "--kills", str(kills)),
            *("--task", task, "--device", device),
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills" in done.stdout
