"""20 assemblies of 500 sequences each: how long the definitions and a tick of the sensors take.

A benchmark: it says figures, and judges none of them.
"""

import subprocess
import sys
import time

from tests.live_lab.deployments import lab_environment
from tests.live_lab.labs import copy_assembly, random_assembly, served, temporary_lab
from tests.live_lab.saying import say
from tests.live_lab.throttle import say_ticks
from tests.waiting import wait_for

ASSEMBLIES, SEQUENCES = 20, 500


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(max_length=16) as lab:
        names = [f"a{number:02d}" for number in range(ASSEMBLIES)]
        random_assembly(lab, names[0], contigs=SEQUENCES, genes=SEQUENCES, length=2000)
        copy_assembly(lab, names[0], names[1:])
        validate = [sys.executable, "-m", "dagster", "definitions", "validate"]
        for _ in range(3):
            began = time.monotonic()
            subprocess.run(
                validate, cwd=lab, env=lab_environment(lab), check=True, capture_output=True
            )
            say(f"definitions validate takes {time.monotonic() - began:.2f} s")
        with served(lab, deployment) as server:
            wait_for(lambda: len(server.partitions("predictions")["chromosome"]) > 0, "chromosomes")
            say(f"chromosomes: {server.partitions('predictions')['chromosome']}")
            say_ticks(server)
