"""2,000 contigs with 20 genes: the lab takes at most three times as long as the shell.

Measured from the moment when the lab takes the files as complete, so that the assembly's partition
appears, until Dagster knows the last result. Files rest before that (30 s, here 3 s).
"""

import time

from tests.live_lab.labs import (
    annotation,
    check_same_files,
    random_assembly,
    served,
    start_annotating,
    temporary_lab,
)
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

MOST_TIMES = 3


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab() as lab:
        random_assembly(lab, "moss", contigs=2000, genes=20, length=7000)
        began = time.monotonic()
        process = start_annotating(lab, "moss", lab.parent / "expected")
        check(process.wait() == 0, "transgenic-annotate has ended well")
        shell = time.monotonic() - began
        say(f"the shell takes {shell:.1f} s")
        with served(lab, deployment) as server:
            wait_for(lambda: "moss" in server.assemblies(), "its partition")
            began = time.monotonic()
            wait_for(lambda: server.materialization("reject_report", "moss"), "the annotation")
            seconds = time.monotonic() - began
            runs = server.runs()
            for run in reversed(runs):
                took = "at work still" if run.seconds is None else f"{run.seconds:.1f} s"
                say(f"run of {run.partition} {' '.join(run.assets)}: {took}")
            assert annotation(lab, "moss").exists()
            check_same_files(lab, "moss", lab.parent / "expected")
            times = seconds / shell
            check(times <= MOST_TIMES, f"the lab takes {seconds:.1f} s, {times:.1f} times as long")
