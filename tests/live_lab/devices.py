"""The demo on two faked GPUs: kill steps and runs, cancel, compare.

    gpu     steps are processes that lease the GPUs
    slurm   steps are jobs of a real Slurm of one node

A backfill predicts the four chromosomes: never two steps on one GPU, both GPUs busy. One step is
killed in the middle of its chromosome, retried, and goes on. A run is cancelled in the middle and
leaves nothing; the next one goes on. With ``gpu``, a run's own process is killed; that leaves
nothing either, and Dagster starts the run again. The final files are those of transgenic-annotate,
byte for byte.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.live_lab.deployments import lab_environment, serve
from tests.live_lab.graphql import LabServer
from tests.live_lab.labs import (
    PIECES,
    check_same_files,
    put_demo,
    start_annotating,
    temporary_lab,
)
from tests.live_lab.processes import command_of, lock_holder, parent_of, processes_of
from tests.live_lab.saying import check, skip
from tests.one_node_slurm import one_node_slurm, why_not
from tests.waiting import wait_for

DEVICES = {"0", "1"}
BATCH_SIZE = 2
"""Small, so that there is a middle to be killed in."""


class Lab:
    """A lab that is served, seen from outside.

    Args:
        root: its folder.
        server: what serves it.
        environment: of the server.
    """

    def __init__(self, root: Path, server: LabServer, environment: Mapping[str, str]) -> None:
        self.root = root
        self._environment = environment
        self.server = server
        self.most_devices = 0
        self.shared: list[dict[int, str]] = []
        self._journals = root / "runs" / "demo" / "journal"

    def steps(self) -> dict[int, str]:
        """Process and device of every step that predicts."""
        if "SLURM_CONF" in self._environment:
            found = {
                process: variables.get("CUDA_VISIBLE_DEVICES", "")
                for process, variables in processes_of(self.root).items()
                if "execute_step" in command_of(process)
            }
            # A child looks like its parent until it becomes another program.
            return {p: d for p, d in found.items() if d in DEVICES and parent_of(p) not in found}
        leases = Path(self._environment["TRANSGENIC_LEASES"])
        files = {device: leases / f"{device}.lock" for device in DEVICES}
        holders = {d: lock_holder(path) for d, path in files.items() if path.exists()}
        return {holder: device for device, holder in holders.items() if holder is not None}

    def jobs(self) -> list[str]:
        """Names of the Slurm jobs that wait or run; none where there is no Slurm."""
        if "SLURM_CONF" not in self._environment:
            return []
        command = ["squeue", "--noheader", "--format=%j"]
        return subprocess.check_output(command, env=self._environment, text=True).split()

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until a condition holds, with an eye on the devices."""

        def looking() -> Any:
            steps = self.steps()
            used = Counter(steps.values())
            self.most_devices = max(self.most_devices, len(used))
            if any(number > 1 for number in used.values()):
                self.shared.append(steps)
            return condition()

        return wait_for(looking, what)

    def in_the_middle(self, piece: str) -> int:
        """Wait until some of a piece is predicted; returns the process that predicts the rest."""
        journal = self._journals / f"{piece}.jsonl"

        def step() -> int | None:
            some = journal.exists() and journal.stat().st_size > 0
            return lock_holder(journal.with_suffix(".lock")) if some else None

        return int(self.wait(step, f"the middle of {piece}"))

    def gone(self, step: int) -> float:
        """Wait until a step is gone; returns the seconds it took."""
        began = time.monotonic()
        wait_for(lambda: step not in self.steps(), f"the end of process {step}")
        return time.monotonic() - began

    def predict(self, piece: str) -> str:
        """Start predicting a piece; returns the run's id."""
        return self.server.launch(["predictions"], f"demo|{piece}")

    def forget(self, piece: str) -> None:
        """Remove what is predicted of a piece."""
        for suffix in (".jsonl", ".json"):
            (self._journals / piece).with_suffix(suffix).unlink()


def backfill(lab: Lab) -> None:
    """All pieces at once, one step killed in the middle."""
    backfill_id = lab.server.backfill(["predictions"], [f"demo|{piece}" for piece in PIECES])
    step = lab.in_the_middle("Chr1")
    os.kill(step, signal.SIGKILL)
    check(True, f"a killed step is gone after {lab.gone(step):.1f} s")

    def runs() -> dict[str, str]:
        return lab.server.statuses(dagster__backfill=backfill_id)

    def ended() -> bool:
        return len(runs()) == len(PIECES) and set(runs().values()) <= {"SUCCESS", "FAILURE"}

    lab.wait(ended, "the end of the backfill")
    check(set(runs().values()) == {"SUCCESS"}, "all four runs of the backfill ended well")
    check(lab.most_devices == len(DEVICES), "both devices were busy at once")
    check(not lab.shared, f"no device had two steps at once {lab.shared or ''}".rstrip())
    said = "\n".join(lab.server.messages(run) for run in runs())
    check(f"(pid: {step})" in said, "the killed step was one of the backfill's")
    check("SIGKILL" in said, "the log says how the killed step ended")
    check("done already of Chr1" in said, "its retry went on from the journal")


def cancelled_run(lab: Lab) -> None:
    """A run that is cancelled in the middle, and the next one."""
    lab.forget("Chr1")
    run = lab.predict("Chr1")
    step = lab.in_the_middle("Chr1")
    jobs = lab.jobs()
    began = time.monotonic()
    lab.server.terminate(run)
    lab.server.finish(run, "CANCELED")
    seconds = time.monotonic() - began
    check(True, f"a run is cancelled after {seconds:.1f} s")
    check(step not in lab.steps() and not lab.jobs(), f"its step is gone {jobs or ''}".rstrip())
    run = lab.predict("Chr1")
    lab.server.finish(run)
    said = lab.server.messages(run)
    check("done already of Chr1" in said, "the next run went on from the journal")


def killed_run(lab: Lab) -> None:
    """A run whose own process is killed."""
    lab.forget("Chr2")
    run = lab.predict("Chr2")
    step = lab.in_the_middle("Chr2")
    os.kill(parent_of(step), signal.SIGKILL)
    check(True, f"the step of a killed run is gone after {lab.gone(step):.1f} s")
    lab.server.finish(run, "FAILURE")

    def ended() -> bool:
        return "SUCCESS" in lab.server.statuses(dagster__parent_run_id=run).values()

    lab.wait(ended, "the end of the run that Dagster starts in its place")
    check(True, "Dagster started the run again, and it ended well")


def run(executor: str) -> None:
    """Run the experiment with one executor."""
    with ExitStack() as stack:
        root = stack.enter_context(temporary_lab(batch_size=BATCH_SIZE))
        variables = {"TRANSGENIC_EXECUTOR": executor, "TRANSGENIC_GPU_DEVICES": "0,1"}
        if executor == "slurm":
            if reason := why_not():
                skip(reason)
            del variables["TRANSGENIC_GPU_DEVICES"]
            (root.parent / "slurm").mkdir()
            variables |= stack.enter_context(one_node_slurm(root.parent / "slurm"))
        expected = root.parent / "expected"
        environment = lab_environment(root, **variables)
        server = stack.enter_context(serve(root, environment))
        check(True, "dagster dev serves the lab")
        # Before there is anything to do, or it would begin the predictions that are killed here.
        server.stop_sensor("annotate_what_is_due")
        put_demo(root)
        annotation = start_annotating(root, "demo", expected, batch_size=BATCH_SIZE)
        wait_for(lambda: server.assemblies() == ["demo"], "the partition of the demo")
        lab = Lab(root, server, environment)
        server.finish(server.launch(["sorted_gff", "region_db"], "demo"))
        check(True, "the regions are made")
        backfill(lab)
        cancelled_run(lab)
        if executor == "gpu":
            killed_run(lab)
        server.finish(server.launch(["merged_gff3", "reject_report"], "demo"))
        check(annotation.wait() == 0, "transgenic-annotate has ended well")
        check_same_files(root, "demo", expected)
