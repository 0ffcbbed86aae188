"""The project that a new lab is."""

import os
import subprocess
import sys

from transgenic_dagster.lab.init import PROJECT, write_lab


def test_a_process_loads_the_definitions_once(tmp_path):
    home = write_lab(tmp_path / "lab")
    paths = [str(home.root), os.environ.get("PYTHONPATH", "")]
    subprocess.run(
        [sys.executable, "-c", f"from {PROJECT}.definitions import defs; assert defs() is defs()"],
        cwd=home.root,
        env=os.environ | {"PYTHONPATH": ":".join(path for path in paths if path)},
        check=True,
    )
