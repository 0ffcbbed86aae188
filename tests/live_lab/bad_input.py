"""What is wrong with a lab is red where people look, said once, and hides nothing else."""

from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import (
    annotation,
    chromosome_of_demo,
    served,
    temporary_lab,
    write_assembly_files,
)
from tests.live_lab.saying import check, say
from tests.waiting import wait_for

TICKS = 6
"""Ticks after which what is said once would have been said again."""


def main(deployment: str) -> None:
    """Run the scenario."""
    with temporary_lab() as lab:
        with served(lab, deployment) as server:
            assemblies = lab / "assemblies"
            chromosome_of_demo(lab, "bad name")
            chromosome_of_demo(lab, "doubled")
            (assemblies / "doubled" / "genome.fasta").write_text(">a\nACGT\n")
            chromosome_of_demo(lab, "half")
            (assemblies / "half" / "genes.gff3").unlink()
            write_assembly_files(lab, "proteins", ">a\nMKVLAAGICQ\n", "a\tx\tgene\t1\t9\t.\t+\t.\n")
            chromosome_of_demo(lab, "typo")
            (assemblies / "typo" / "options.yaml").write_text("num_beam: 3\n")
            chromosome_of_demo(lab, "good")
            wait_for(annotation(lab, "good").exists, "the annotation of the good one")
            check(True, "a good assembly is annotated beside bad ones")
            wait_for(lambda: all_ended(server), "the end of all runs, the overview's among them")
            red(server, "proteins", "typo")
            said_in_check(server, "bad name", "doubled", "half")
            once(server)
            (lab / "options.yaml").write_text("num_beam: 3\n")
            said = f"{lab}/options.yaml: num_beam"
            wait_for(lambda: said in problems(server), "the typo in options.yaml is said")
            check(True, f"a typo in options.yaml is red: {problems(server)}")
            once(server)
        with served(lab, deployment) as server:
            check(server.assemblies(), "the lab loads after a restart with a broken options.yaml")
            check(said in problems(server), "and says what is wrong")
            (lab / "options.yaml").write_text("model: demo\n")
            wait_for(lambda: said not in problems(server), "the problem is gone")
            check(True, "it is well again without a reload")


def all_ended(server: LabServer) -> bool:
    """Whether no run is at work, nor to come: the overview is made last."""
    runs = server.runs()
    return all(run.ended for run in runs) and any("overview" in run.assets for run in runs)


def red(server: LabServer, *names: str) -> None:
    """See that the runs of these assemblies have failed, with a sentence."""
    for name in names:
        runs = [run for run in server.runs(dagster__partition=name) if run.status == "FAILURE"]
        check(len(runs) == 1, f"one run of {name} has failed")
        causes = [
            line for line in server.messages(runs[0].run_id).splitlines() if "Failure" in line
        ]
        say(f"  {causes[-1] if causes else ''}")


def said_in_check(server: LabServer, *names: str) -> None:
    """See that the check of the folders names these."""
    text = problems(server)
    for name in names:
        check(name in text, f"the check folders_can_be_used names {name}")


def problems(server: LabServer) -> str:
    """What the check of the folders says."""
    return server.check_description("assembly", "folders_can_be_used")


def once(server: LabServer) -> None:
    """See that some more ticks say and request nothing."""
    runs, before = len(server.runs()), server.ticks("assemblies")[0]["timestamp"]

    def ticked() -> bool:
        return sum(tick["timestamp"] > before for tick in server.ticks("assemblies")) >= TICKS

    evaluations = server.check_evaluations("assembly", "folders_can_be_used")
    wait_for(ticked, f"{TICKS} more ticks")
    check(len(server.runs()) == runs, f"{TICKS} more ticks request nothing")
    now = server.check_evaluations("assembly", "folders_can_be_used")
    check(now == evaluations, f"and say nothing again ({now} evaluations)")
