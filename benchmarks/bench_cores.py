"""Ways to split the cores of this machine among processes that predict, beside one another.

``python -m benchmarks.bench_cores`` takes a minute and 4 GB for the full-size model with random
weights; ``--size tiny`` takes seconds. Each way encodes windows and decodes steps of a batch, as
the program itself measures it, in processes that share one copy of the weights. The ways take
turns, so that other work on the machine hits all of them alike.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch

from benchmarks.workload import write_random_checkpoint
from transgenic_dagster.inference.core_split import core_shares
from transgenic_dagster.inference.cpu_workers import CPU, joint_rate
from transgenic_dagster.inference.device import Precision, return_freed_memory, usable_cores
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import resolve_checkpoint


def main(arguments: list[str]) -> dict[int, float]:
    """Measure all ways; the ratio of each to one process of all cores, by number of processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=("full", "mid", "tiny"), default="full")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--cores", type=int, default=usable_cores())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checkpoint", type=Path, help="keep the random checkpoint in this folder")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = (chosen.checkpoint or Path(scratch)) / chosen.size
        if not (checkpoint / "config.json").exists():
            write_random_checkpoint(chosen.size, checkpoint)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            measured = pool.submit(
                _measure, checkpoint, chosen.precision, chosen.cores, chosen.rounds
            )
            rates = measured.result()
    ratios = {}
    for processes, rounds in rates.items():
        threads = " + ".join(map(str, core_shares(chosen.cores, processes)))
        ratios[processes] = median(r / one for r, one in zip(rounds, rates[1], strict=True))
        print(
            f"{processes} processes ({threads} threads): {median(rounds):.2f} per second, "
            f"{ratios[processes]:.2f} times one process ({min(rounds):.2f} to {max(rounds):.2f})"
        )
    return ratios


def _measure(
    checkpoint: Path, precision: Precision, cores: int, rounds: int
) -> dict[int, list[float]]:
    """The rates of all ways, by number of processes, in each round."""
    torch.set_num_threads(1)  # it is to be forked
    engine = Engine.load(resolve_checkpoint(str(checkpoint)), CPU, precision)
    return_freed_memory()
    ways = [2**i for i in range(cores.bit_length())]
    rates: dict[int, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            rates[way].append(joint_rate(engine, cores, way))
    return rates


if __name__ == "__main__":
    main(sys.argv[1:])
