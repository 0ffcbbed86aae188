"""A lab of an earlier release, made from this one's by taking away what is new, is migrated."""

import json
import shutil

from tests.live_lab.deployments import lab_command
from tests.live_lab.labs import annotation, chromosome_of_demo, served, temporary_lab
from tests.live_lab.renaming import check_nothing_ran, let_sensors_tick, of_assemblies
from tests.live_lab.saying import check, say
from tests.waiting import wait_for


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab() as lab:
        with served(lab, deployment) as server:
            chromosome_of_demo(lab, "barley")
            wait_for(annotation(lab, "barley").exists, "the annotation of barley")
            wait_for(lambda: server.materialization("reject_report", "barley"), "Dagster knows it")
            wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
            runs = of_assemblies(server)
        states = {p.name: p.stat() for p in (lab / "assemblies" / "barley").iterdir()}
        signature = {name: [s.st_size, s.st_mtime_ns, s.st_ino] for name, s in states.items()}
        registry = {"format": 1, "assemblies": {"barley": {"signature": signature}}}
        (lab / "registry.json").write_text(json.dumps(registry))
        (lab / "runs" / "barley" / "pieces.json").unlink()
        shutil.rmtree(lab / "annotation_lab")
        say(lab_command(lab, "migrate").strip())
        with served(lab, deployment) as server:
            check(server.assemblies() == ["barley"], "its partition is there")
            let_sensors_tick(server)
            check_nothing_ran(server, runs)
            check(server.materialization("predictions", "barley|Chr2"), "predictions are known")
