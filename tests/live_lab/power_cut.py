"""SIGKILL of everything in the middle of predictions, then a start: the lab goes on by itself.

The run that was cut ends, its slots of the pool are free, Terminate answers, later predictions run,
and the final files are those of an uninterrupted run.
"""

from tests.live_lab.labs import (
    PIECES,
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


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(batch_size=1) as lab:
        put_demo(lab)
        journal = lab / "runs" / "demo" / "journal" / "Chr1.jsonl"
        with served(lab, deployment) as server:
            wait_for(lambda: journal.exists() and journal.stat().st_size, "the middle of Chr1")
            at_work = {run.run_id for run in server.runs() if not run.ended}
            killed = kill_all(lab)
            say(f"{len(killed)} processes were killed")
        annotating = start_annotating(lab, "demo", lab.parent / "expected", batch_size=1)
        with served(lab, deployment) as server:
            stuck = [run for run in map(server.run, at_work) if run.status == "STARTED"]
            say(f"after the start {len(stuck)} of {len(at_work)} runs seem to be at work still")
            for run in stuck[:1]:
                try:
                    server.terminate(run.run_id)
                except RuntimeError:
                    check(server.run(run.run_id).ended, "monitoring was faster than Terminate")
                else:
                    say("Terminate answers")
            wait_for(
                lambda: all(server.run(run.run_id).ended for run in stuck),
                "the end of the runs that were cut",
            )
            states = [server.run(run.run_id).status for run in stuck]
            check(True, f"the runs that were cut have ended: {states}")
            for piece in PIECES:
                server.finish(server.launch(["predictions"], f"demo|{piece}"))
            check(True, "predictions that are asked for later run")
            wait_for(annotation(lab, "demo").exists, "the annotation")
            wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
            check(annotating.wait() == 0, "transgenic-annotate has ended well")
            check_same_files(lab, "demo", lab.parent / "expected")
