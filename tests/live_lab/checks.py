"""Checks have a status for every assembly, a bad one stays red, and can be executed again."""

from tests.live_lab.labs import (
    annotation,
    chromosome_of_demo,
    random_assembly,
    served,
    temporary_lab,
)
from tests.live_lab.saying import check, say
from tests.waiting import wait_for


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(max_length=256) as lab, served(lab, deployment) as server:
        random_assembly(lab, "noise")
        wait_for(annotation(lab, "noise").exists, "the annotation of noise")
        chromosome_of_demo(lab, "barley")
        wait_for(annotation(lab, "barley").exists, "the annotation of barley")
        wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
        failed = {}
        for name, values in server.checks("merged_gff3").items():
            statuses = values["partitionStatuses"] or {}
            good = statuses.get("succeededPartitions", [])
            bad = statuses.get("failedPartitions", [])
            failed[name] = bad
            say(f"{name}: good {good}, bad {bad}; {values['canExecuteIndividually']}")
            check(values["canExecuteIndividually"] == "CAN_EXECUTE", f"{name} can be executed")
            check("barley" in good, f"{name} is green for the good assembly")
        check(any("noise" in bad for bad in failed.values()), "a check is red for random DNA")
