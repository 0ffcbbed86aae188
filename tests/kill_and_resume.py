"""Kill annotation runs with SIGKILL, resume them, and compare the results.

    python -m tests.kill_and_resume --kills 20 [--task complete|score] [--device cpu,cpu]

Annotates the demo assembly (or completes or scores its annotation) once without interruption and
then again and again, killing the process until so many kills are done: the first as soon as
something is journaled, the others at random moments. Every run that ends must have left the same
bytes in all its files, and nothing else. Exits with 1 where it has not.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.waiting import wait_for
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import DemoAssembly, write_assembly

RESULTS = {
    "predict": ("out.gff3", "out.gff3.rejects.txt", "gsf.tsv", "moves.tsv", "proteins.fa"),
    "complete": ("out.gff3", "out.gff3.rejects.txt", "moves.tsv", "proteins.fa"),
    "score": ("out.gff3", "out.gff3.rejects.txt", "scored.gff3"),
}
"""Files that each task writes, beside the summary of the run."""
OPTIONS = {
    "predict": (*("gsf_output", "gsf.tsv", "refinements", "moves.tsv"), "proteins", "proteins.fa"),
    "complete": ("refinements", "moves.tsv", "proteins", "proteins.fa"),
    "score": ("gff3", "scored.gff3"),
}
FLAGS = {"predict": ["--keep_input"], "complete": ["--complete"], "score": []}
CODE = "import sys; from transgenic_dagster.cli.{} import main as c; sys.exit(c())"


def start(
    assembly: DemoAssembly, folder: Path, task: str, device: str = "cpu"
) -> subprocess.Popen[bytes]:
    """Start or resume a run into a folder."""
    module = "score" if task == "score" else "annotate"
    named = zip(OPTIONS[task][::2], OPTIONS[task][1::2], strict=True)
    inputs = (str(assembly.genome_fasta), str(assembly.genes_gff3))
    return subprocess.Popen(
        [
            *(sys.executable, "-c", CODE.format(module), *inputs),
            *("--output", str(folder / "out.gff3")),
            *(part for option, name in named for part in (f"--{option}", str(folder / name))),
            *FLAGS[task],
            *("--model", str(demo_checkpoint()), "--device", device, "--batch_size", "4"),
            *("--resume", "--quiet"),
        ]
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run that must end well."""
    if process.wait() != 0:
        raise SystemExit(f"a run that was not killed ended with {process.returncode}")


def journaled(folder: Path) -> bool:
    """Whether a run into a folder has written something that a resumed one goes on from."""
    journals = (folder / "out.gff3.work" / "journal").glob("*.jsonl")
    return any(path.stat().st_size for path in journals)


def check(folder: Path, reference: dict[str, bytes]) -> None:
    """Compare a finished run with the uninterrupted one."""
    for name, expected in reference.items():
        if (folder / name).read_bytes() != expected:
            raise SystemExit(f"{folder / name} differs from the uninterrupted run's")
    left = {path.name for path in folder.iterdir()} - {*reference, "out.gff3.ckpt.json"}
    if left:
        raise SystemExit(f"a finished run left {sorted(left)}")


def main() -> None:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--task", choices=RESULTS, default="predict")
    parser.add_argument("--device", default="cpu", help="of the runs that are killed")
    arguments = parser.parse_args()
    task = arguments.task
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        assembly = write_assembly(root / "demo")
        whole = root / "whole"
        whole.mkdir()
        began = time.monotonic()
        finish(start(assembly, whole, task))
        duration = time.monotonic() - began
        reference = {result: (whole / result).read_bytes() for result in RESULTS[task]}
        check(whole, reference)

        kills, finished = 0, 0
        folder = root / "run0"
        folder.mkdir()
        while kills < arguments.kills:
            process = start(assembly, folder, task, arguments.device)
            if kills == 0:
                wait_for(partial(journaled, folder), "something in the journal", by=process)
            try:
                process.wait(timeout=moments.uniform(0, duration) if kills else 0)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
                continue
            finish(process)
            check(folder, reference)
            finished += 1
            folder = root / f"run{finished}"
            folder.mkdir()
        finish(start(assembly, folder, task, arguments.device))
        check(folder, reference)
    sys.stdout.write(
        f"{kills} kills, {finished + 1} runs finished after them: all results byte-identical\n"
    )


if __name__ == "__main__":
    main()
