"""Growth of a long run in time and memory: thousands of regions, first against last quarter.

``python -m benchmarks.bench_growth`` annotates the demo assembly many times over (each copy under
names of its own) with the demo model, in a process whose time and memory are looked at after each
unit. Prints the ratios of the last quarter of the run to the second; the first warms up.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median

from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate


@dataclass(frozen=True)
class Look:
    """A look at the process after some regions."""

    regions: int
    seconds: float
    resident_bytes: int


class Watch(SilentProgress):
    """Looks at the process after each unit."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._regions = 0

    def update(self, regions: int, rejected: int) -> None:  # noqa: ARG002
        """Look."""
        self._regions += regions
        self.looks.append(Look(self._regions, time.perf_counter(), _resident_bytes()))


def _resident_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


def copy_demo(folder: Path, copies: int) -> AnnotateOptions:
    """Write the demo assembly so many times over, and how to annotate it."""
    demo = write_assembly(folder / "demo")
    genome, genes = demo.genome_fasta.read_text(), demo.genes_gff3.read_text()
    rows = [line for line in genes.splitlines() if line and not line.startswith("#")]
    with (folder / "genome.fa").open("w") as fasta, (folder / "genes.gff3").open("w") as gff:
        for number in range(copies):
            fasta.write(genome.replace(">", f">copy{number}_"))
            for row in rows:
                for name in ("ID=", "Parent="):
                    row = row.replace(name, f"{name}copy{number}_")  # noqa: PLW2901
                gff.write(f"copy{number}_{row}\n")
    return AnnotateOptions(
        fasta_file=folder / "genome.fa",
        gff_file=folder / "genes.gff3",
        output=folder / "out.gff3",
        model=str(demo_checkpoint()),
        device="cpu",
    )


def watch_run(copies: int) -> list[Look]:
    """Annotate in this process and look at it."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as name:
        annotate(copy_demo(Path(name), copies), watch)
    return watch.looks


def report(looks: list[Look]) -> dict[str, float]:
    """Print quarters of a run and return the ratios of the last to the second."""
    quarters: list[tuple[float, float]] = []
    total = looks[-1].regions
    for quarter in range(4):
        inside = [
            (before, after)
            for before, after in pairwise(looks)
            if total * quarter / 4 < after.regions <= total * (quarter + 1) / 4
        ]
        regions = sum(after.regions - before.regions for before, after in inside)
        seconds = sum(after.seconds - before.seconds for before, after in inside)
        memory = median(after.resident_bytes for _, after in inside)
        quarters.append((seconds / regions, memory))
        print(
            f"quarter {quarter + 1}: {regions} regions, {seconds / regions * 1e3:.1f} ms per "
            f"region, {memory / 1e6:.0f} MB"
        )
    ratios = {
        "time per region, last / second quarter": quarters[3][0] / quarters[1][0],
        "memory, last / second quarter": quarters[3][1] / quarters[1][1],
        "time per region, last / mean": quarters[3][0] / mean(q[0] for q in quarters),
    }
    for name, ratio in ratios.items():
        print(f"  {name}: {ratio:.3f}")
    return ratios


def main(arguments: list[str]) -> dict[str, float]:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=44, help="of the demo's 48 regions")
    copies = parser.parse_args(arguments).copies
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return report(pool.submit(watch_run, copies).result())


if __name__ == "__main__":
    main(sys.argv[1:])
