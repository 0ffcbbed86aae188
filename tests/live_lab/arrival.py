"""A folder that is copied into a running lab: seen without a reload, annotated, once."""

import json

from tests.live_lab.labs import annotation, chromosome_of_demo, served, temporary_lab
from tests.live_lab.saying import BEGAN, check, say
from tests.waiting import wait_for


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab() as lab, served(lab, deployment) as server:
        chromosome_of_demo(lab, "barley")
        say("a folder is put into assemblies/")
        wait_for(lambda: "barley" in server.assemblies(), "its partition")
        check(BEGAN, "its partition is there, without a reload")
        wait_for(annotation(lab, "barley").exists, "the annotation of barley")
        wait_for(
            lambda: server.materialization("reject_report", "barley"), "Dagster knows the result"
        )
        total = json.loads(annotation(lab, "barley").read_text())["accounting"]["total"]
        check(total == 18, "it is annotated")
        wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
        ran = sorted((run.partition, *run.assets, run.status) for run in server.runs())
        for run in ran:
            say(f"run of {' '.join(run)}")
        check(all(run[-1] == "SUCCESS" for run in ran), "all runs ended well")
        asked = [asset for run in server.runs() for asset in run.assets]
        check(len(asked) == len(set(asked)), "every asset was made once")
