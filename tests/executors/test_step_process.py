import subprocess
import sys

import pytest

MODULE = "transgenic_dagster.executors.step_process"


@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("nonsense", 2)])
def test_a_step_ends_with_the_exit_code_of_dagster(argument, code):
    done = subprocess.run(
        [sys.executable, "-m", MODULE, argument], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert ("dagster" if code == 0 else "No such command") in done.stdout + done.stderr


def test_a_step_that_fails_outside_dagster_says_so_and_ends_with_one():
    code = f"import sys, {MODULE} as step; step.dagster_main = lambda: 1 / 0; step.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_a_step_that_has_used_duckdb_ends_in_silence():
    code = (
        f"import sys, {MODULE} as step\n"
        "def use_duckdb():\n"
        "    import duckdb\n"
        "    duckdb.connect().execute('select 1').fetchall()\n"
        "step.dagster_main = use_duckdb\n"
        "step.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
