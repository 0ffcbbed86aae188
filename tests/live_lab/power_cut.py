"""SIGKILL of everything in the middle of predictions, then a start: the lab goes on by itself.

Two runs are cut, on two faked GPUs. Terminate ends the first; run monitoring ends the second, which
is started again. Their slots of the pool are free, later predictions run, and the final files are
those of an uninterrupted run.
"""

from pathlib import Path

from tests.live_lab.deployments import NO_DAEMON
from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import (
    annotation,
    check_same_files,
    put_demo,
    served,
    start_annotating,
    temporary_lab,
)
from tests.live_lab.processes import kill_all
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

TWO_GPUS = {"TRANSGENIC_GPU_DEVICES": "0,1"}


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(batch_size=1) as lab:
        put_demo(lab)
        with served(lab, deployment, **TWO_GPUS) as server:
            cut = wait_for(lambda: _in_the_middle(lab, server), "the middle of two predictions")
            say(f"{len(kill_all(lab))} processes were killed")
        with served(lab, NO_DAEMON, **TWO_GPUS) as server:
            states = {server.run(run).status for run in cut}
            check(states == {"STARTED"}, "both seem to be at work still")
            server.terminate(cut[0])
            check(server.run(cut[0]).status == "CANCELED", "Terminate ends the first of them")
        annotating = start_annotating(lab, "demo", lab.parent / "expected", batch_size=1)
        with served(lab, deployment, **TWO_GPUS) as server:
            wait_for(lambda: server.run(cut[1]).ended, "the end of the second")
            check(server.run(cut[1]).status == "FAILURE", "run monitoring ends the second")
            again = wait_for(lambda: _started_again(server, cut[1]), "a run in its place")
            server.finish(again)
            check(True, "the second was started again by itself")
            server.finish(server.launch(["predictions"], server.run(cut[0]).partition))
            check(True, "predictions that are asked for later run")
            wait_for(annotation(lab, "demo").exists, "the annotation")
            wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
            check(annotating.wait() == 0, "transgenic-annotate has ended well")
            check_same_files(lab, "demo", lab.parent / "expected")


def _started_again(server: LabServer, run: str) -> str:
    """The run that Dagster has started in place of another; empty before."""
    return next(iter(server.statuses(dagster__parent_run_id=run)), "")


def _in_the_middle(lab: Path, server: LabServer) -> list[str]:
    """Two runs that predict, both of which have journaled something; empty before."""
    runs = [run for run in server.runs() if run.status == "STARTED" and "predictions" in run.assets]
    names = [run.partition.partition("|")[2] for run in runs]
    journals = [lab / "runs" / "demo" / "journal" / f"{name}.jsonl" for name in names]
    begun = [path for path in journals if path.exists() and path.stat().st_size]
    return [run.run_id for run in runs] if len(begun) == 2 else []
