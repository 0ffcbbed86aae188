import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("task", "kills"), [("predict", 3), ("complete", 1), ("score", 1)])
def test_killed_runs_end_with_the_bytes_of_an_uninterrupted_run(task, kills):
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill_and_resume", "--kills", str(kills), "--task", task],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{kills} kills" in done.stdout
