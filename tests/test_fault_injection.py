import subprocess
import sys
from pathlib import Path

import pytest

from tests.fault_injection.faults import compiler

EVERY = "127"
"""A prime, so that the sample has operations of all classes; .ci/run tries more of them."""


@pytest.mark.skipif(compiler() is None, reason="there is no C compiler (cc or gcc)")
def test_no_failing_file_operation_loses_or_changes_a_result():
    options = ["--every", EVERY, "--resumed", "3"]
    options += ["--kinds", "kill,torn,eio,enospc,full,short,enomem"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fault_injection", *options],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of " in done.stdout
