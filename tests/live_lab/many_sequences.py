"""20 assemblies of 500 sequences each: loading the lab takes no longer than without them.

Time of the CPU is judged; how long a tick of the sensors takes on the clock is only said.
"""

import resource
import subprocess
import sys

from tests.live_lab.deployments import lab_environment
from tests.live_lab.labs import copy_assembly, random_assembly, served, temporary_lab
from tests.live_lab.saying import check, say
from tests.live_lab.throttle import say_ticks
from tests.waiting import wait_for

ASSEMBLIES, SEQUENCES = 20, 500
MOST_SECONDS = 6


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(max_length=16) as lab:
        names = [f"a{number:02d}" for number in range(ASSEMBLIES)]
        random_assembly(lab, names[0], contigs=SEQUENCES, genes=SEQUENCES, length=2000)
        copy_assembly(lab, names[0], names[1:])
        validate = [sys.executable, "-m", "dagster", "definitions", "validate"]
        for _ in range(3):
            before = cpu_seconds()
            subprocess.run(
                validate, cwd=lab, env=lab_environment(lab), check=True, capture_output=True
            )
            seconds = cpu_seconds() - before
            check(seconds < MOST_SECONDS, f"definitions validate takes {seconds:.2f} s of CPU")
        with served(lab, deployment) as server:
            wait_for(lambda: len(server.partitions("predictions")["chromosome"]) > 0, "chromosomes")
            say(f"chromosomes: {server.partitions('predictions')['chromosome']}")
            say_ticks(server)


def cpu_seconds() -> float:
    """Time of the CPU that programs have taken which were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
