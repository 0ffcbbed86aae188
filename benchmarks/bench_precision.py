"""What half precision changes: sentences and genes beside those in fp32, token by token.

``python -m benchmarks.bench_precision`` predicts the demo's windows with the demo checkpoint, and
the recorded windows with the checkpoint of the goldens (random weights), in both precisions. Then
each precision reads the sentences that fp32 wrote. With ``--groups`` the latter are read with one
group of modules at a time in half precision, too. Seconds on a CPU.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch

from benchmarks.bench_grammar import demo_windows
from benchmarks.workload import regions_of
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence
from transgenic_dagster.gene_models.refinement import MAX_DISTANCE
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.gsf.vocabulary import EOS_ID, encode_gsf
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.device import DTYPES, Precision, choose_devices
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.teacher_forcing import read_sentences
from transgenic_dagster.model import (
    TransgenicForConditionalGeneration,
    encode_dna,
    resolve_checkpoint,
)

GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "golden" / "tiny"
GOLDEN_LENGTH = 64
GROUPS = {
    "encoder's mixers": r".*backbone.*\.mixer",
    "encoder's feed-forward layers": r".*backbone.*\.mlp",
    "downsampling": r".*\.downsample",
    "self-attention": r"transgenic\.decoder.*\.self_attn",
    "cross-attention": r"transgenic\.decoder.*\.encoder_attn",
    "decoder's feed-forward layers": r"transgenic\.decoder.*\.fc[12]",
    "whole encoder": r".*\.backbone",
    "whole decoder": r"transgenic\.decoder",
}
"""Modules by name, for ``by_group``."""


@dataclass(frozen=True)
class Difference:
    """One precision beside fp32.

    Args:
        sentences: share of windows with the same sentence.
        genes: share of windows with the same refined gene, or with none in both.
        log_probability: mean absolute difference per token of fp32's sentences.
        tokens: of all these sentences.
        windows: number of them.
    """

    sentences: float
    genes: float
    log_probability: float
    tokens: int
    windows: int


def compare(
    checkpoint: Path, windows: Iterable[list[str]], max_length: int, device: str, other: Precision
) -> Difference:
    """Predict windows, grouped by length, in fp32 and another precision."""
    [on] = choose_devices(device)
    files = resolve_checkpoint(str(checkpoint))
    exact, rough = (Engine.load(files, on, precision) for precision in ("fp32", other))
    same_sentences, same_genes, differences = [], [], []
    for group in windows:
        ids = torch.stack([encode_dna(window) for window in group])
        options = DecodingOptions(max_length=max_length)
        found = [e.predict(regions_of(ids), ids, options, batch_size=8) for e in (exact, rough)]
        for ours, theirs, window in zip(*found, group, strict=True):
            same_sentences.append(ours.raw == theirs.raw)
            same_genes.append(_structure(ours, window) == _structure(theirs, window))
        written = [[*encode_gsf(sentence.clean), EOS_ID] for sentence in found[0]]
        read = [
            read_sentences(engine.model, ids.to(on), written, [[] for _ in group])
            for engine in (exact, rough)
        ]
        for one, another in zip(*read, strict=True):
            pairs = zip(one.log_probabilities, another.log_probabilities, strict=True)
            differences += [abs(a - b) for a, b in pairs]
    return Difference(
        mean(same_sentences),
        mean(same_genes),
        mean(differences),
        len(differences),
        len(same_sentences),
    )


def _structure(sentence: PredictedSentence, window: str) -> object:
    """Strand and coordinates of the gene that a sentence becomes, None where it becomes none."""
    [region] = regions_of(torch.zeros(1, len(window)))
    gene, _ = refined_gene_from_sentence(sentence, region, window, MAX_DISTANCE)
    return gene and (gene.strand, [transcript.structure for transcript in gene.transcripts])


def by_group(other: Precision, groups: dict[str, str]) -> dict[str, float]:
    """How log-probabilities change with a group of modules alone in another precision.

    Args:
        other: precision of the group, on a CPU; the rest of the model of the goldens is in fp32.
        groups: regular expressions for the names of their modules.

    Returns:
        Mean absolute difference per token of fp32's sentences, by group.
    """
    files = resolve_checkpoint(str(GOLDEN / "checkpoint"))
    exact = Engine.load(files, torch.device("cpu"), "fp32")
    options = DecodingOptions(max_length=GOLDEN_LENGTH)
    given = []
    for [window] in golden_windows():
        ids = encode_dna(window)[None]
        [sentence] = exact.predict(regions_of(ids), ids, options)
        given.append((ids, [*encode_gsf(sentence.clean), EOS_ID]))

    def log_probabilities(model: TransgenicForConditionalGeneration) -> list[float]:
        read = (read_sentences(model, ids, [written], [[]])[0] for ids, written in given)
        return [value for one in read for value in one.log_probabilities]

    wanted = log_probabilities(exact.model)
    found = {}
    for group, pattern in groups.items():
        mixed, half = (
            TransgenicForConditionalGeneration.from_files(files, dtype=DTYPES[precision])
            for precision in ("fp32", other)
        )
        for name in [name for name, _ in mixed.named_modules() if re.fullmatch(pattern, name)]:
            mixed.set_submodule(name, half.get_submodule(name))
        pairs = zip(wanted, log_probabilities(mixed), strict=True)
        found[group] = mean(abs(a - b) for a, b in pairs)
    return found


def golden_windows() -> list[list[str]]:
    """Recorded windows, each by itself."""
    inputs = json.loads((GOLDEN / "golden.json").read_text())["inputs"]
    return [[values["sequence"]] for values in inputs.values()]


def main(arguments: list[str]) -> dict[str, Difference]:
    """Compare both models' predictions in two precisions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", choices=[p for p in DTYPES if p != "fp32"], default="bf16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=("demo", "golden"), help="one of the two models")
    parser.add_argument("--groups", action="store_true", help="of the second, group by group, too")
    chosen = parser.parse_args(arguments)
    found = {}
    if chosen.only != "golden":
        found["demo"] = compare(
            demo_checkpoint(), demo_windows().values(), 2048, chosen.device, chosen.precision
        )
    if chosen.only != "demo":
        found["golden"] = compare(
            GOLDEN / "checkpoint",
            golden_windows(),
            GOLDEN_LENGTH,
            chosen.device,
            chosen.precision,
        )
    for name, difference in found.items():
        print(
            f"{name}, {difference.windows} windows: {chosen.precision} gives "
            f"{difference.sentences:.0%} of the sentences and {difference.genes:.0%} of the genes "
            f"of fp32; log-probabilities differ by {difference.log_probability:.4f} per token"
        )
    tokens = sum(difference.tokens for difference in found.values())
    summed = sum(difference.log_probability * difference.tokens for difference in found.values())
    print(f"on average over {tokens} tokens: {summed / tokens:.4f}")
    if chosen.groups:
        for group, difference in by_group(chosen.precision, GROUPS).items():
            print(f"{group} alone in {chosen.precision}: {difference:.4f} per token")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
