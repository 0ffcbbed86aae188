import subprocess
import sys
from pathlib import Path


def test_whatever_the_model_writes_gives_valid_gff3_or_a_reject():
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz_gene_models", "--sentences", "1000"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert {"gene", "unparsable", "orf=complete"} <= counts.keys()
