"""Decoding with and without the grammar: what a step costs, and what becomes of the sentences.

``python -m benchmarks.bench_grammar`` decodes the demo's windows with the demo checkpoint in both
ways, turn by turn in one process, and times the constraint alone for more rows. Prints ratios.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import torch

from benchmarks.workload import Stopwatch, regions_of
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.train import training_examples
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.gsf.vocabulary import TOKENS
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.grammar import GrammarConstraint
from transgenic_dagster.model import Decoding, encode_dna, resolve_checkpoint

CPU = torch.device("cpu")
ROWS = (2, 16, 64, 256)
ROUNDING = 1e-5
"""Scores differ so much where regions share their steps with others."""


def demo_windows() -> dict[int, list[str]]:
    """Windows of the demo's genes by length."""
    by_length: dict[int, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for example in training_examples(write_assembly(Path(folder))):
            by_length[len(example.window)].append(example.window)
    return by_length


def outcomes(sentences: list[PredictedSentence], windows: list[str]) -> Counter[str]:
    """Count sentences as genes, or by the reason why they are none."""
    regions = regions_of(torch.zeros(len(windows), len(windows[0])))
    counted: Counter[str] = Counter()
    for sentence, region, window in zip(sentences, regions, windows, strict=True):
        _, rejects = gene_from_sentence(sentence, region, window)
        counted[rejects[0].reason if rejects else "gene"] += 1
    return counted


def compare(num_beams: int, batch_size: int, repeats: int) -> dict[str, float]:
    """Decode the demo's windows both ways and print what differs."""
    engine = Engine.load(resolve_checkpoint(str(demo_checkpoint())), CPU, "fp32")
    watch = Stopwatch(CPU)
    watch.watch(Decoding, "admit", "encoder")
    steps: Counter[bool] = Counter()
    step = Decoding.step
    grammar = False

    def counted(decoding: Decoding, token_ids: torch.Tensor) -> torch.Tensor:
        steps[grammar] += 1
        return step(decoding, token_ids)

    Decoding.step = counted  # type: ignore[method-assign]
    windows = demo_windows()
    seconds: dict[bool, list[float]] = {False: [], True: []}
    found: dict[bool, list[PredictedSentence]] = {}
    counts: dict[bool, Counter[str]] = {}
    for _ in range(repeats):
        for grammar in (False, True):
            options = DecodingOptions(num_beams=num_beams, grammar=grammar)
            steps[grammar] = 0
            watch.seconds.clear()
            found[grammar], counts[grammar] = [], Counter()
            for group in windows.values():
                ids = torch.stack([encode_dna(window) for window in group])
                with watch.measure("all"):
                    some = engine.predict(regions_of(ids), ids, options, batch_size=batch_size)
                found[grammar] += some
                counts[grammar] += outcomes(some, group)
            spent = watch.seconds["all"] - watch.seconds["encoder"]
            seconds[grammar].append(spent / steps[grammar])
    Decoding.step = step  # type: ignore[method-assign]
    same = sum(a.raw == b.raw for a, b in zip(found[False], found[True], strict=True))
    scores = sum(
        abs(a.score - b.score) < ROUNDING for a, b in zip(found[False], found[True], strict=True)
    )
    print(f"{num_beams} beams, {batch_size} regions at a time, demo checkpoint")
    for name, grammar in (("unconstrained", False), ("constrained", True)):
        print(
            f"{name}: {median(seconds[grammar]) * 1e3:.2f} ms per step, {steps[grammar]} steps; "
            f"{', '.join(f'{reason} {count}' for reason, count in counts[grammar].items())}"
        )
    print(f"{same} of {len(found[True])} sentences and {scores} scores are the same")
    for free, held in zip(found[False], found[True], strict=True):
        if free.raw != held.raw:
            print(f"  {free.clean} ({free.score:.3f})\n    -> {held.clean} ({held.score:.3f})")
    return {"step, constrained / unconstrained": median(seconds[True]) / median(seconds[False])}


def constraint_alone(rows: int, repeats: int = 50) -> float:
    """Seconds that one step of the constraint takes, the reordering of rows included."""
    constraint = GrammarConstraint(6144, 1, CPU)
    constraint.admit(rows)
    watch = Stopwatch(CPU)
    tokens = torch.randint(len(TOKENS), (rows,))
    parents = torch.arange(rows).flip(0)
    for repeat in range(repeats):
        with watch.measure(str(repeat)):
            constraint.step(tokens)
            constraint.reorder(parents)
    return median(watch.seconds.values())


def main(arguments: list[str]) -> dict[str, float]:
    """Measure both ways and the constraint alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beams", type=int, default=2)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    ratios = compare(chosen.beams, chosen.batch_size, chosen.repeats)
    for rows in ROWS:
        print(f"constraint alone, {rows} rows: {constraint_alone(rows) * 1e3:.2f} ms per step")
    print("ratios:", *(f"  {name}: {value:.2f}" for name, value in ratios.items()), sep="\n")
    return ratios


if __name__ == "__main__":
    main(sys.argv[1:])
