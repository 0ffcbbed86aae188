"""The search alone, on a decoding state that does nothing: what a step costs the host.

``python -m benchmarks.bench_search``, or with ``--device cuda``. Prints CPU time of the searching
thread per step, of Python and of operators together where they run on the CPU; and of what is left
to the host where a GPU does the operators, captured once and replayed (on a CPU the replays are
left out for that).
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from statistics import median
from unittest.mock import patch

import torch

from transgenic_dagster.gsf.vocabulary import EOS_ID, TOKENS
from transgenic_dagster.inference.beam_search import DecodingOptions, search

REGIONS = (8, 32, 128, 512)
BEFORE = {8: 0.12, 32: 0.31, 128: 1.38, 512: 5.66}
"""With operators on the CPU, when the search was written in Python, region by region (one of two
virtual cores of an AMD EPYC)."""
BEAMS = 2


class Nothing:
    """A decoding state that gives the same logits all the time and notes when it was asked."""

    def __init__(self, regions: int, num_beams: int, device: torch.device) -> None:
        logits = torch.randn(regions * num_beams, len(TOKENS))
        logits[:, EOS_ID] = -1e9
        self._logits = logits.to(device)
        self.asked: list[float] = []

    def admit(self, regions: int) -> None:
        """Nothing to do."""

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """The same logits (R, V) for any tokens (R,)."""
        self.asked.append(time.thread_time())
        return self._logits[: len(token_ids)]

    def reorder(self, parents: torch.Tensor) -> None:
        """Nothing to do."""

    def release(self, slot: int) -> None:
        """Nothing to do."""


@torch.inference_mode()
def milliseconds(regions: int, steps: int, device: torch.device) -> float:
    """Milliseconds of the searching thread per step, the median of all steps."""
    state = Nothing(regions, BEAMS, device)
    options = DecodingOptions(num_beams=BEAMS, max_length=steps + 1)
    search(state, [str(i) for i in range(regions)], options, device)
    return 1e3 * median(b - a for a, b in pairwise(state.asked))


@contextmanager
def replays_left_out() -> Iterator[None]:
    """Let the search believe that a device replays its steps."""

    def capture(step: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, Callable[[], None]]:
        return step(), lambda: None

    inference = "transgenic_dagster.inference"
    with ExitStack() as patches:
        for module in (f"{inference}.beams", f"{inference}.beam_search"):
            patches.enter_context(patch(f"{module}.can_capture", return_value=True))
        patches.enter_context(patch("transgenic_dagster.model.step_graphs.capture", capture))
        yield


def main(arguments: list[str]) -> dict[int, float]:
    """Print all figures; returns the host's milliseconds per step by regions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--steps", type=int, default=200)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    hosts = {}
    print(f"ms per step, {BEAMS} beams, {chosen.device}")
    print("regions | before | with operators on the CPU | host alone")
    for regions in REGIONS:
        on_cpu = milliseconds(regions, chosen.steps, torch.device("cpu"))
        if chosen.device.type == "cpu":
            with replays_left_out():
                hosts[regions] = milliseconds(regions, chosen.steps, chosen.device)
        else:
            hosts[regions] = milliseconds(regions, chosen.steps, chosen.device)
        print(f"{regions:>7} | {BEFORE[regions]:>6.2f} | {on_cpu:>25.2f} | {hosts[regions]:>10.3f}")
    return hosts


if __name__ == "__main__":
    main(sys.argv[1:])
