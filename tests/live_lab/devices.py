"""Predict the demo with ``dagster dev`` on two faked GPUs; kill steps and runs, cancel, compare.

    python -m tests.real_dagster gpu       steps are processes, the executor leases the GPUs
    python -m tests.real_dagster slurm     steps are jobs of a real Slurm of one node

A backfill predicts the four pieces: never two steps on one GPU, both GPUs busy. One step is killed
in the middle of its piece, retried, and goes on. A run is cancelled in the middle and leaves
nothing; the next one goes on. With ``gpu``, a run's own process is killed; that leaves nothing
either, and Dagster starts the run again. The final files are those of transgenic-annotate, byte
for byte. Exits with 1 where something of this does not hold, with 77 where a machine lacks Slurm.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.dagster_server import (
    DagsterServer,
    dagster_dev,
    lab_environment,
    write_demo_lab,
)
from tests.one_node_slurm import one_node_slurm, why_not
from tests.waiting import wait_for

DEVICES = {"0", "1"}
PIECES = ("Chr1", "Chr2", "scaffold_1", "unplaced-01")
BEGAN = time.monotonic()
SKIPPED = 77
BATCH_SIZE = 2
"""Small, so that there is a middle to be killed in."""
RESULTS = ("annotation.gff3", "annotation.gff3.rejects.txt", "sentences.tsv", "proteins.fa")
ANNOTATE = "import sys; from transgenic_dagster.cli.annotate import main as c; sys.exit(c())"


def check(holds: bool, what: str) -> None:
    """Say what holds; end where it does not."""
    if not holds:
        raise SystemExit(f"DOES NOT HOLD: {what}")
    sys.stdout.write(f"{time.monotonic() - BEGAN:5.0f} s  {what}\n")
    sys.stdout.flush()


class Lab:
    """A lab that is served, seen from outside.

    Args:
        root: its folder.
        server: what serves it.
        environment: of the server.
    """

    def __init__(self, root: Path, server: DagsterServer, environment: Mapping[str, str]) -> None:
        self.root = root
        self._environment = environment
        self.server = server
        self.most_devices = 0
        self.shared: list[dict[int, str]] = []
        self._journals = root / "runs" / "demo" / "journal"

    def steps(self) -> dict[int, str]:
        """Process and device of every GPU step that runs."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if b"execute_step" not in (process / "cmdline").read_bytes():
                    continue
                variables = (process / "environ").read_bytes().decode(errors="replace").split("\0")
            except OSError:  # it has just ended, or is somebody else's
                continue
            values = dict(variable.partition("=")[::2] for variable in variables)
            device = values.get("CUDA_VISIBLE_DEVICES")
            if values.get("DAGSTER_HOME") == str(self.root) and device in DEVICES:
                found[int(process.name)] = device
        # A child looks like its parent until it becomes another program.
        return {pid: device for pid, device in found.items() if parent_of(pid) not in found}

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


def lock_holder(path: Path) -> int | None:
    """The process that holds a lock on a file."""
    inode = str(path.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if "->" not in fields and fields[5].rpartition(":")[2] == inode:
            return int(fields[4])
    return None


def parent_of(process: int) -> int:
    """The process that started a process; 0 where that has ended."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def backfill(lab: Lab) -> None:
    """All pieces at once, one step killed in the middle."""
    backfill_id = lab.server.backfill("predictions", [f"demo|{piece}" for piece in PIECES])
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
    check("was killed by SIGKILL" in said, "the log says how the killed step ended")
    check("regions of Chr1 were done already" in said, "its retry went on from the journal")


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
    check("regions of Chr1 were done already" in said, "the next run went on from the journal")


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


def start_annotating(lab: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Start transgenic-annotate with the same inputs and options."""
    inputs = [str(lab / "assemblies" / "demo" / name) for name in ("genome.fa", "genes.gff3")]
    folder.mkdir()
    paths = dict(zip(("output", "reject_output", "gsf_output", "proteins"), RESULTS, strict=True))
    outputs = [f"--{option}={folder / name}" for option, name in paths.items()]
    options = [f"--batch_size={BATCH_SIZE}", "--model=demo", "--quiet"]
    return subprocess.Popen([sys.executable, "-c", ANNOTATE, *inputs, *outputs, *options])


def main() -> None:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("executor", choices=["gpu", "slurm"])
    executor = parser.parse_args().executor
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        variables = {"TRANSGENIC_EXECUTOR": executor}
        if executor == "slurm":
            if reason := why_not():
                sys.stdout.write(f"skipped: {reason}\n")
                sys.exit(SKIPPED)
            (root / "slurm").mkdir()
            variables |= stack.enter_context(one_node_slurm(root / "slurm"))
        else:
            variables |= {
                "TRANSGENIC_GPU_DEVICES": "0,1",
                "TRANSGENIC_LEASES": str(root / "leases"),
            }
        write_demo_lab(root / "lab")
        with (root / "lab" / "options.yaml").open("a") as options:
            options.write(f"batch_size: {BATCH_SIZE}\n")
        annotation = start_annotating(root / "lab", root / "expected")
        environment = lab_environment(root / "lab", **variables)
        server = stack.enter_context(dagster_dev(root / "lab", environment))
        check(True, "dagster dev serves a lab as the README makes it")
        server.stop_sensors()
        lab = Lab(root / "lab", server, environment)
        server.finish(server.launch(["sorted_gff", "region_db"], "demo"))
        check(True, "the regions are made")
        backfill(lab)
        cancelled_run(lab)
        if executor == "gpu":
            killed_run(lab)
        server.finish(server.launch(["merged_gff3", "reject_report"], "demo"))
        check(annotation.wait() == 0, "transgenic-annotate has ended well")
        for name in RESULTS:
            expected = (root / "expected" / name).read_bytes()
            same = (lab.root / "runs" / "demo" / name).read_bytes() == expected
            check(same, f"{name} is that of transgenic-annotate")


if __name__ == "__main__":
    main()
