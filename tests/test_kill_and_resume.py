import subprocess
import sys
from pathlib import Path


def test_killed_runs_end_with_the_bytes_of_an_uninterrupted_run():
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill_and_resume", "--kills", "3"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills" in done.stdout
