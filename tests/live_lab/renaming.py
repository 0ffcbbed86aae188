"""An assembly is renamed, without a prediction, and removed, with its partitions."""

from pathlib import Path

from tests.live_lab.deployments import lab_command
from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import RESULTS, annotation, chromosome_of_demo, served, temporary_lab
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

ASSETS = ("sorted_gff", "region_db", "merged_gff3", "reject_report")
SENSORS = ("assemblies", "annotate_what_is_due")
TICKS = 4
"""Ticks of each sensor after which what has not been requested will not be."""


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab() as lab, served(lab, deployment) as server:
        chromosome_of_demo(lab, "barley")
        wait_for(annotation(lab, "barley").exists, "the annotation of barley")
        wait_for(lambda: server.materialization("merged_gff3", "barley"), "Dagster knows it")
        wait_for(lambda: all(run.ended for run in server.runs()), "the end of all runs")
        before = {name: (lab / "runs" / "barley" / name).read_bytes() for name in RESULTS}
        runs = of_assemblies(server)

        say(lab_command(lab, "rename", "barley", "Hordeum_vulgare").strip())
        wait_for(lambda: server.assemblies() == ["Hordeum_vulgare"], "the new name alone")
        let_sensors_tick(server)
        after = {name: (lab / "runs" / "Hordeum_vulgare" / name).read_bytes() for name in RESULTS}
        check(before == after, "the results have moved, byte for byte")
        for asset in ASSETS:
            check(server.materialization(asset, "Hordeum_vulgare"), f"Dagster knows its {asset}")
        check(server.materialization("predictions", "Hordeum_vulgare|Chr2"), "… and predictions")
        check_nothing_ran(server, runs)
        run = server.launch(["predictions"], "Hordeum_vulgare|Chr2")
        server.finish(run)
        check(
            "done already of Chr2: 18 of 18 regions" in server.messages(run), "nothing is predicted"
        )

        say(lab_command(lab, "remove", "Hordeum_vulgare").strip())
        wait_for(lambda: not server.assemblies(), "the end of its partitions")
        check(kept(lab), "its files and results are in the trash")
        runs = of_assemblies(server)
        let_sensors_tick(server)
        check_nothing_ran(server, runs)
        check(server.assemblies() == [], "its partitions are gone")


def of_assemblies(server: LabServer) -> list[tuple[str, ...]]:
    """Partition, assets and id of all runs but those of the overview, which follows each change."""
    return [(run.partition, *run.assets, run.run_id) for run in server.runs() if run.partition]


def check_nothing_ran(server: LabServer, before: list[tuple[str, ...]]) -> None:
    """See that no assembly has had a run since then."""
    new = [run for run in of_assemblies(server) if run not in before]
    check(not new, f"nothing was run {new or ''}".rstrip())


def kept(lab: Path) -> bool:
    """Whether results and inputs of what was removed are there still."""
    return bool(list(lab.glob(".trash/*/**/annotation.gff3"))) and bool(
        list(lab.glob(".trash/*/**/genome.fa"))
    )


def let_sensors_tick(server: LabServer) -> None:
    """Wait until all sensors have looked at the lab a few times."""
    for sensor in SENSORS:
        ticks = server.ticks(sensor)
        last = ticks[0]["timestamp"] if ticks else 0

        def ticked(sensor: str = sensor, last: float = last) -> bool:
            return sum(t["timestamp"] > last for t in server.ticks(sensor)) > TICKS

        wait_for(ticked, f"{TICKS} ticks of {sensor}")
