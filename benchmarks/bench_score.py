"""Scoring against predicting the same genes, in one process.

``python -m benchmarks.bench_score`` predicts the demo's genes with the demo model and scores their
true structures, turn by turn; then the same with a model of a larger size and random weights, whose
sentences are made as long as those that are scored. Both ways encode every window, so the time of
the encoder alone bounds the ratio: it is printed beside. ``--threads 1 --cpu_time`` measures where
other work shares the cores.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.workload import SIZES, random_windows, regions_of, write_random_checkpoint
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.train import training_examples
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, encode_gsf
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import encode_dna, resolve_checkpoint

CPU = torch.device("cpu")
Work = list[tuple[torch.Tensor, list[list[int]]]]
"""Windows of one length, (N, L), and the sentence of each."""


def demo_work() -> Work:
    """Windows of the demo's genes and their true sentences, by length."""
    by_length = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for example in training_examples(write_assembly(Path(folder))):
            by_length[len(example.window)].append(example)
    return [
        (
            torch.stack([encode_dna(example.window) for example in group]),
            [[DECODER_START_ID, *example.target] for example in group],
        )
        for group in by_length.values()
    ]


def random_work(regions: int, length: int, exons: int) -> Work:
    """Random windows, and a sentence of so many coding exons for each."""
    parts = [f"{1000 + 300 * i}|CDS{i + 1}|{1150 + 300 * i}|+|A" for i in range(exons)]
    names = [f"CDS{i + 1}" for i in range(exons)]
    ids = [DECODER_START_ID, *encode_gsf(f"{';'.join(parts)}>{'|'.join(names)}")]
    return [(random_windows(regions, length), [ids] * regions)]


def measure(
    engine: Engine, work: Work, batch_size: int, repeats: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Seconds of predicting, of scoring and of the encoder alone, each the least of several."""
    seconds: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, call: Callable[[], object]) -> None:
        began = clock()
        call()
        seconds[name].append(clock() - began)

    def predict() -> None:
        for ids, given in work:
            options = DecodingOptions(max_length=max(map(len, given)))
            engine.predict(regions_of(ids), ids, options, batch_size=batch_size)

    def score() -> None:
        for ids, given in work:
            options = DecodingOptions()
            engine.predict(
                regions_of(ids), ids, options, batch_size=batch_size, given=given, whole=True
            )

    @torch.inference_mode()
    def encode() -> None:
        for ids, _ in work:
            for window in ids:
                engine.model.encode(window[None])

    for _ in range(repeats):
        timed("predict", predict)
        timed("score", score)
        timed("encoder alone", encode)
    return {name: min(values) for name, values in seconds.items()}


def report(title: str, work: Work, seconds: dict[str, float]) -> float:
    """Print what was measured; return how many times faster scoring is."""
    regions = sum(len(ids) for ids, _ in work)
    tokens = sum(len(ids) for _, given in work for ids in given)
    ratio = seconds["predict"] / seconds["score"]
    bound = seconds["predict"] / seconds["encoder alone"]
    print(f"{title}: {regions} genes, {tokens / regions:.0f} tokens each")
    for name, value in seconds.items():
        print(f"  {name:14} {1000 * value / regions:9.1f} ms per gene")
    print(f"  predict / score: {ratio:.1f} (no more than {bound:.1f} with this encoder)")
    return ratio


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Run the benchmark; return the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="mid")
    parser.add_argument("--regions", type=int, default=8)
    parser.add_argument("--length", type=int, default=6144)
    parser.add_argument("--exons", type=int, default=14)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu_time", action="store_true", help="for busy machines")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.cpu_time else time.perf_counter

    ratios = {}
    engine = Engine.load(resolve_checkpoint(str(demo_checkpoint())), CPU, "fp32")
    work = demo_work()
    seconds = measure(engine, work, options.batch_size, options.repeats, clock)
    ratios["demo"] = report("demo model", work, seconds)
    with tempfile.TemporaryDirectory() as folder:
        write_random_checkpoint(options.size, Path(folder))
        engine = Engine.load(resolve_checkpoint(folder), CPU, "fp32")
        work = random_work(options.regions, options.length, options.exons)
        seconds = measure(engine, work, options.batch_size, options.repeats, clock)
        ratios[options.size] = report(f"random weights ({options.size})", work, seconds)
    return ratios


if __name__ == "__main__":
    main()
