"""One step of a lab in a process of its own, so that it can be killed.

python -m tests.orchestration.step_in_a_process HOME ASSET PARTITION
"""

import signal
import subprocess
import sys
from pathlib import Path

from tests.orchestration.labs import Lab
from tests.waiting import wait_for
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.partitions import CHROMOSOME, split_key


def kill_at_work(home: Home, asset: str, partition: str, journal: Path) -> None:
    """Run a step, and end its process with SIGKILL once something is in its journal."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(home.root), asset, partition],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: journal.exists() and journal.stat().st_size, "a journal", by=process)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL, "it had not ended"


if __name__ == "__main__":
    lab = Lab(Home(Path(sys.argv[1])))
    lab.instance.add_dynamic_partitions(
        CHROMOSOME, [split_key(sys.argv[3])[1]]
    )  # as region_db has done elsewhere
    lab.run([sys.argv[2]], sys.argv[3])
