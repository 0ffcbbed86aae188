"""Trains the demo checkpoint: ``python -m transgenic_dagster.demo.train OUTPUT_DIR``.

The model learns the demo genes by heart, in about four minutes on two cores. The encoder and the
downsampling stay at their random start: each window is encoded once, and only the decoder is
trained.
"""

import argparse
import math
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_model
from torch.nn import functional as F

from transgenic_dagster.demo.assembly import DemoAssembly, write_assembly
from transgenic_dagster.demo.true_gene import gene_sentence
from transgenic_dagster.demo.untrained_model import MAX_WINDOW, untrained_model
from transgenic_dagster.errors import RunError
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, PAD_ID, encode_gsf
from transgenic_dagster.model import TransgenicForConditionalGeneration, encode_dna
from transgenic_dagster.regions.windows import plan_window
from transgenic_dagster.sequences.dna import normalise

SEED = 1
STEPS = 2_000
WARM_UP_STEPS = 100
BATCH_SIZE = 8
LEARNING_RATE = 1e-3
LAST_LEARNING_RATE = 1e-5
LARGEST_GRADIENT_NORM = 1.0
MEMORY_NOISE = 0.1
"""Standard deviation of the noise on the memory, so that no rounding changes a sentence later."""
LOWEST_PROBABILITY = 0.9
"""Every token of every sentence must be at least this sure, or the checkpoint is not saved."""


@dataclass(frozen=True, slots=True)
class Example:
    """A window and the ids (``<s>`` … ``</s>``) of the sentence that tells its gene."""

    gene_id: str
    window: str
    target: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of one window length.

    Args:
        memory: encoded windows, (B, S, D).
        decoder_input: start token and all tokens but the last, (B, T).
        labels: the tokens to write, (B, T), padded with the padding id.
    """

    memory: torch.Tensor
    decoder_input: torch.Tensor
    labels: torch.Tensor

    def select(self, rows: torch.Tensor) -> "Batch":
        """Return the given rows, in that order."""
        return Batch(self.memory[rows], self.decoder_input[rows], self.labels[rows])


def training_examples(assembly: DemoAssembly) -> list[Example]:
    """Pair the window of each gene with its sentence; genes without a window are left out.

    Genes that are planted to be rejected are learnt like the others.
    """
    examples = []
    for gene in assembly.genes:
        if not gene.has_region:
            continue
        sequence = assembly.sequences[gene.seqid]
        window = plan_window(gene.start, gene.end, len(sequence), MAX_WINDOW)
        if window is None:
            raise RunError(f"Demo gene {gene.gene_id} has no window of at most {MAX_WINDOW} nt.")
        start, end = window
        sentence = gene_sentence(gene, start)
        examples.append(Example(gene.gene_id, normalise(sequence[start:end]), encode_gsf(sentence)))
    return examples


@torch.no_grad()
def encode_examples(
    model: TransgenicForConditionalGeneration, examples: list[Example]
) -> list[Batch]:
    """Encode all windows; one batch for each window length."""
    by_length: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        by_length[len(example.window)].append(example)
    batches = []
    for group in by_length.values():
        memory = [model.encode(encode_dna(example.window)[None]) for example in group]
        longest = max(len(example.target) for example in group)
        labels = torch.full((len(group), longest), PAD_ID)
        for row, example in enumerate(group):
            labels[row, : len(example.target)] = torch.tensor(example.target)
        start = torch.full((len(group), 1), DECODER_START_ID)
        decoder_input = torch.cat([start, labels[:, :-1]], dim=1)
        batches.append(Batch(torch.cat(memory), decoder_input, labels))
    return batches


def train(
    model: TransgenicForConditionalGeneration, batches: list[Batch], steps: int = STEPS
) -> None:
    """Train the decoder, telling the loss on stderr now and then.

    Args:
        model: its decoder is changed, the rest stays.
        batches: what to learn, encoded by this model.
        steps: number of minibatches.
    """
    parameters = list(model.transgenic.decoder.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: _learning_rate_factor(step, steps)
    )
    stream = _endless_minibatches(batches)
    model.train()
    for step in range(1, steps + 1):
        batch = next(stream)
        noise = MEMORY_NOISE * torch.randn_like(batch.memory)
        logits = _logits(model, batch, batch.memory + noise)
        loss = F.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=PAD_ID)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT_NORM)
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            _tell(f"step {step} of {steps}: loss {loss.item():.5f}")
    model.eval()


@torch.no_grad()
def lowest_probability(model: TransgenicForConditionalGeneration, batches: list[Batch]) -> float:
    """Return the smallest probability that the model gives to any correct token."""
    lowest = 1.0
    for batch in batches:
        probabilities = _logits(model, batch, batch.memory).softmax(dim=-1)
        correct = probabilities.gather(2, batch.labels[:, :, None])[:, :, 0]
        lowest = min(lowest, correct[batch.labels != PAD_ID].min().item())
    return lowest


def save_checkpoint(model: TransgenicForConditionalGeneration, folder: Path) -> None:
    """Write ``config.json`` and ``model.safetensors``, each shared tensor once."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    save_model(model, str(folder / "model.safetensors"))


def _logits(
    model: TransgenicForConditionalGeneration, batch: Batch, memory: torch.Tensor
) -> torch.Tensor:
    return model.logits(batch.decoder_input, memory)


def _learning_rate_factor(step: int, steps: int) -> float:
    """Linear warm-up, then a cosine from ``LEARNING_RATE`` down to ``LAST_LEARNING_RATE``."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / (steps - WARM_UP_STEPS)
    floor = LAST_LEARNING_RATE / LEARNING_RATE
    return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2


def _endless_minibatches(batches: list[Batch]) -> Iterator[Batch]:
    """Cut each length's examples into shuffled minibatches, in shuffled order, for ever."""
    while True:
        minibatches = [
            batch.select(rows)
            for batch in batches
            for rows in torch.randperm(len(batch.labels)).split(BATCH_SIZE)
        ]
        for position in torch.randperm(len(minibatches)).tolist():
            yield minibatches[position]


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Train the demo model and save it as a checkpoint folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output_dir", type=Path, help="folder for config.json and the weights")
    output_dir = parser.parse_args().output_dir
    with tempfile.TemporaryDirectory() as folder:
        examples = training_examples(write_assembly(Path(folder)))
    model = untrained_model(SEED).eval()
    batches = encode_examples(model, examples)
    _tell(f"{len(examples)} genes, {sum(len(e.target) for e in examples)} tokens to learn")
    train(model, batches)
    lowest = lowest_probability(model, batches)
    _tell(f"lowest probability of a correct token: {lowest:.4f}")
    if lowest < LOWEST_PROBABILITY:
        raise RunError(f"A correct token has a probability of only {lowest:.4f}; not saved.")
    save_checkpoint(model, output_dir)


if __name__ == "__main__":
    main()
