"""A file that grows, with a pause: annotated once, when it is complete."""

import json
import time

from tests.live_lab.labs import annotation, chromosome_of_demo, served, temporary_lab
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

PAUSE_SECONDS = 20


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(rest_seconds=30) as lab, served(lab, deployment) as server:
        chromosome_of_demo(lab, "whole")
        folder = lab / "assemblies" / "whole"
        lines = (folder / "genome.fa").read_text().splitlines(keepends=True)
        half = len(lines) // 2
        genome = folder / "genome.fa"
        genome.write_text("".join(lines[:half]))
        until = time.monotonic() + PAUSE_SECONDS
        wait_for(lambda: time.monotonic() > until, "the pause of a slow copy")
        started = [run for run in server.runs() if "whole" in run.partition]
        say(f"after a pause of {PAUSE_SECONDS} s {len(started)} runs were started")
        with genome.open("a") as rest:
            rest.writelines(lines[half:])
        wait_for(annotation(lab, "whole").exists, "the annotation")
        wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
        for run in reversed(server.runs()):
            say(f"run of {run.partition} {' '.join(run.assets)}: {run.status}")
        total = json.loads(annotation(lab, "whole").read_text())["accounting"]["annotated"]
        check(total > 0, f"{total} genes of the whole genome are annotated")
        check(not started, "nothing was started before the file was complete")
