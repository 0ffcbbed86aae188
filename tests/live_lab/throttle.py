"""200 assemblies arrive at once: at most eight are at work at a time, and they are annotated."""

from statistics import median

from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import annotation, copy_assembly, random_assembly, served, temporary_lab
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

ASSEMBLIES = 200
AT_ONCE = 8
ENOUGH = 12
"""Annotated assemblies after which it is clear how it goes on."""


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab(max_length=16) as lab:
        random_assembly(lab, "a000", genes=1)
        names = [f"a{number:03d}" for number in range(ASSEMBLIES)]
        copy_assembly(lab, "a000", dict.fromkeys(names[1:], lab))
        with served(lab, deployment) as server:
            most = 0

            def enough() -> bool:
                nonlocal most
                at_work = {  # the overview's run is of no assembly
                    assembly_of(run.partition)
                    for run in server.runs()
                    if run.partition and not run.ended
                }
                most = max(most, len(at_work))
                return sum(annotation(lab, name).exists() for name in names) >= ENOUGH

            wait_for(enough, f"{ENOUGH} annotated assemblies", 900)
            say(f"{len(server.runs())} runs, at most {most} assemblies at once")
            say_ticks(server)
            check(most <= AT_ONCE, f"at most {AT_ONCE} assemblies were at work at a time")


def assembly_of(partition: str) -> str:
    """Assembly of a partition."""
    return partition.partition("|")[0]


def say_ticks(server: LabServer) -> None:
    """Say how long the sensors took, and what they requested."""
    for sensor in ("assemblies", "annotate_what_is_due"):
        ticks = [tick for tick in server.ticks(sensor) if tick["endTimestamp"]]
        requested = max(len(tick["runIds"]) for tick in ticks)
        say(f"{sensor}: at most {requested} runs in one tick")
        for what, some in (
            ("without a request", [tick for tick in ticks if not tick["runIds"]]),
            ("with requests, each of which Dagster writes down", [t for t in ticks if t["runIds"]]),
        ):
            took = sorted(tick["endTimestamp"] - tick["timestamp"] for tick in some)
            if took:
                say(f"  {what}: median {median(took):.2f} s, longest {took[-1]:.2f} s")
