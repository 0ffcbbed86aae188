"""Where the time of a decoding step goes, and where it went in another revision.

``python -m benchmarks.bench_step --before TREE`` takes some minutes and 5 GB: TREE is a checkout of
the other revision, say ``git worktree add TREE 5728054``. The decoder has its full size and random
weights; the encoder has one layer, for its time does not count here. The revisions take turns, each
turn in a process of its own on one core, and the time is that of the core, so that other work on
the machine changes little.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import torch

from transgenic_dagster.demo.train import save_checkpoint
from transgenic_dagster.demo.untrained_model import untrained_model
from transgenic_dagster.inference.device import DTYPES, Precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import Decoding, TransgenicConfig, resolve_checkpoint
from transgenic_dagster.model.attention import Attention
from transgenic_dagster.model.caches import SelfAttentionCache
from transgenic_dagster.model.packed_linear import PackedLinear

THIS_TREE = Path(__file__).parents[1]
WHOLE = "whole step"
PARTS = (
    (PackedLinear, "forward", "projections and feed-forward"),
    (Attention, "attend_to_encoder", "cross-attention's caches"),
    (Attention, "attend_to_self", "self-attention's cache"),
    (SelfAttentionCache, "append", "self-attention's cache"),
    (Decoding, "step", "norms, embeddings, head and the rest"),
    (Decoding, "reorder", "continuing other beams"),
)


class Shares:
    """Seconds of the processor spent in methods, less what other watched methods inside took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def watch(self, owner: type, method: str, name: str) -> None:
        """Time every call of a method of a class."""
        original: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._inside.append(0.0)
            began = thread_time()
            result = original(*args, **kwargs)
            passed = thread_time() - began
            self.seconds[name] += passed - self._inside.pop()
            self._inside[-1] += passed
            return result

        setattr(owner, method, timed)


def measure(checkpoint: Path, regions: int, length: int, tokens: int, precision: Precision) -> None:
    """Print milliseconds per step and layer, by part, in the second half of a sentence, as JSON."""
    torch.set_num_threads(1)
    engine = Engine.load(resolve_checkpoint(str(checkpoint)), torch.device("cpu"), precision)
    shares = Shares()
    for owner, method, name in PARTS:
        shares.watch(owner, method, name)
    generator = torch.Generator().manual_seed(0)
    windows = torch.randint(7, 11, (regions, length), dtype=torch.uint8, generator=generator)
    rows = torch.arange(2 * regions)
    swapped = rows ^ (rows // 2 % 2)  # in every other region one beam continues the other
    with torch.inference_mode():
        decoding = Decoding(engine.model, windows, num_beams=2, batch_size=regions)
        decoding.admit(regions)
        for token in range(tokens):
            if token == tokens // 2:
                shares.seconds.clear()
            decoding.step(rows)
            decoding.reorder(swapped if token % 8 == 0 else rows)
    steps = (tokens - tokens // 2) * engine.model.config.decoder_layers
    parts = {name: 1e3 * seconds / steps for name, seconds in shares.seconds.items()}
    print(json.dumps({WHOLE: sum(parts.values()), **parts}))


def measure_apart(tree: Path, arguments: list[str]) -> dict[str, float]:
    """Measure a revision in a process of its own."""
    printed = subprocess.run(
        [sys.executable, __file__, *arguments, "--alone"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    parts: dict[str, float] = json.loads(printed.splitlines()[-1])
    return parts


def main(arguments: list[str]) -> dict[str, float]:
    """Measure both revisions in turns and print the medians; return their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="checkout of another revision")
    parser.add_argument("--precision", choices=DTYPES, default="fp32")
    parser.add_argument("--layers", type=int, default=12, help="of the decoder")
    parser.add_argument("--regions", type=int, default=8)
    parser.add_argument("--length", type=int, default=6144)
    parser.add_argument("--tokens", type=int, default=120)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--width", type=int, default=768, help="channels of the encoder")
    parser.add_argument("--checkpoint", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.alone:
        measure(chosen.checkpoint, chosen.regions, chosen.length, chosen.tokens, chosen.precision)
        return {}
    trees = {"before": chosen.before, "now": THIS_TREE} if chosen.before else {"now": THIS_TREE}
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as scratch:
        config = TransgenicConfig(
            d_model=chosen.width, encoder_n_layer=1, decoder_layers=chosen.layers
        )
        save_checkpoint(untrained_model(seed=1, config=config), Path(scratch) / "checkpoint")
        for _ in range(chosen.turns):
            for name, tree in trees.items():
                turns[name].append(
                    measure_apart(
                        tree.resolve(),
                        [*arguments, "--checkpoint", str(Path(scratch) / "checkpoint")],
                    )
                )
    found = {
        name: {part: median(turn.get(part, 0.0) for turn in measured) for part in measured[0]}
        for name, measured in turns.items()
    }
    print(
        f"{chosen.precision}, {chosen.regions} regions of {chosen.length} nt, 2 beams, tokens "
        f"{chosen.tokens // 2 + 1} to {chosen.tokens}; ms of one core per step and layer"
    )
    print("", *found, "ratio" if chosen.before else "", sep="\t")
    ratios = {}
    for part in found["now"]:
        values = [parts[part] for parts in found.values()]
        ratios[part] = values[0] / values[-1] if values[-1] else 0.0
        print(part, *(f"{value:.2f}" for value in values), f"{ratios[part]:.2f}", sep="\t")
    return ratios


if __name__ == "__main__":
    main(sys.argv[1:])
