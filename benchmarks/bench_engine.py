"""The engine beside ``published_cost``, on the same regions and tokens, in fp32 and in bf16.

``python -m benchmarks.bench_engine`` takes some minutes and 8 GB for the full-size model with
random weights; ``--size tiny`` takes seconds. Each side runs in a process of its own, so that peak
memories are its own; ``published_cost`` is in fp32, and may be measured on fewer regions and
tokens: its steps cost the same at any time, so its time per region is encoder + tokens x step.
Where other work shares the cores, ``--threads 1 --cpu_time`` measures what the clock cannot.
"""

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from time import perf_counter, process_time
from unittest.mock import patch

import torch

from benchmarks.published_cost import PublishedDecoding
from benchmarks.workload import (
    Stopwatch,
    copy_rate,
    encoder_operations,
    matrix_rate,
    random_windows,
    regions_of,
    step_bytes,
    step_operations,
    write_random_checkpoint,
)
from transgenic_dagster.inference.batching import predicted_memory
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.device import DTYPES, Precision
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import (
    Decoding,
    TransgenicConfig,
    TransgenicForConditionalGeneration,
    cpu_operations,
    encoder_states_length,
    read_config,
    resolve_checkpoint,
)
from transgenic_dagster.model.decoder import Decoder
from transgenic_dagster.model.layers import Linear

CPU = torch.device("cpu")
PRECISIONS: tuple[Precision, Precision] = ("fp32", "bf16")


@dataclass(frozen=True)
class Work:
    """Work that both sides do.

    Args:
        checkpoint: folder of the model.
        regions: windows to decode.
        length: their length in nucleotides.
        tokens: tokens of every sentence, the start token not counted.
        beams: rows per region.
        batch_size: regions that the engine decodes at a time.
        published_regions: windows that ``published_cost`` decodes.
        published_tokens: tokens that it writes for each.
        threads: of the processor.
        cpu_time: count seconds of the processor instead of the clock's.
    """

    checkpoint: Path
    regions: int
    length: int
    tokens: int
    beams: int
    batch_size: int
    published_regions: int
    published_tokens: int
    threads: int
    cpu_time: bool

    def stopwatch(self) -> Stopwatch:
        """The watch that both sides are measured with."""
        return Stopwatch(CPU, process_time if self.cpu_time else perf_counter)


@dataclass
class Measured:
    """Seconds per part of the work, and what else was seen."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    matrix_rate: float = 0.0
    """Floating-point operations per second of this machine in large matrix products."""
    copy_rate: float = 0.0
    """Bytes per second, read and written, of this machine in large copies."""


def measure_published(work: Work) -> Measured:
    """Decode some regions the published way, with PyTorch's operators alone."""
    torch.set_num_threads(work.threads)
    model = TransgenicForConditionalGeneration.from_pretrained(work.checkpoint)
    watch = work.stopwatch()
    watch.watch(PublishedDecoding, "admit", "encoder")
    watch.watch(PublishedDecoding, "downsample", "downsample")
    watch.watch(PublishedDecoding, "step", "step")
    watch.watch(PublishedDecoding, "reorder", "reorder")
    options = DecodingOptions(num_beams=work.beams, max_length=work.published_tokens + 1)
    with torch.inference_mode(), patch.object(cpu_operations, "kernels_serve", return_value=False):
        decoding = PublishedDecoding(
            model, random_windows(work.published_regions, work.length), work.beams
        )
        keys = [str(i) for i in range(work.published_regions)]
        with watch.measure("total"):
            search(decoding, keys, options, batch_size=1)
    return Measured(dict(watch.seconds), _peak_bytes())


def measure_engine(work: Work, precision: Precision) -> Measured:
    """Decode all regions with the engine."""
    torch.set_num_threads(work.threads)
    dtype = DTYPES[precision]
    before = matrix_rate(CPU, dtype), copy_rate(CPU)
    engine = Engine.load(resolve_checkpoint(str(work.checkpoint)), CPU, precision)
    watch = work.stopwatch()
    backbone = engine.model.backbone
    windows = random_windows(work.regions, work.length)
    with torch.inference_mode():
        backbone(windows[:1])  # computes the filters' spectra
    backbone.register_forward_pre_hook(lambda *_: _watch_products(backbone, watch))
    watch.watch(backbone, "forward", "encoder")
    watch.watch(engine.model.transgenic.downsample, "forward", "downsample")
    watch.watch(Decoder, "project_encoder_states", "projection")
    watch.watch(Decoding, "step", "step")
    watch.watch(Decoding, "reorder", "reorder")
    watch.watch(Decoding, "release", "release")
    options = DecodingOptions(num_beams=work.beams, max_length=work.tokens + 1)
    with watch.measure("total"):
        engine.predict(regions_of(windows), windows, options, batch_size=work.batch_size)
    peak = _peak_bytes()
    # What the machine could do was not the same all the time where others worked on it.
    matrix, copy = (
        mean(rates) for rates in zip(before, (matrix_rate(CPU, dtype), copy_rate(CPU)), strict=True)
    )
    return Measured(dict(watch.seconds), peak, matrix, copy)


def _watch_products(backbone: torch.nn.Module, watch: Stopwatch) -> None:
    """Time the encoder's linear layers; only the first call does anything."""
    for module in backbone.modules():
        is_linear = isinstance(module, Linear) or type(module).__name__ == "PackedLinear"
        if is_linear and "forward" not in vars(module):
            watch.watch(module, "forward", "encoder products")
            if hasattr(module, "product"):
                watch.watch(module, "product", "encoder products")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(
    work: Work, published: Measured, engine: Measured, precision: Precision
) -> dict[str, float]:
    """Print both sides and return the ratios."""
    dtype_bytes = DTYPES[precision].itemsize
    config = read_config(resolve_checkpoint(str(work.checkpoint)))
    ours, theirs = engine.seconds, published.seconds
    batches = -(-work.regions // work.batch_size)
    steps = work.tokens * batches
    published_encoder = theirs["encoder"] / work.published_regions
    published_step = (theirs["step"] + theirs["reorder"]) / (
        work.published_regions * work.published_tokens
    )
    published_region = published_encoder + work.tokens * published_step
    search_time = ours["total"] - ours["encoder"] - ours["downsample"] - ours["projection"]
    step = search_time / steps
    positions = encoder_states_length(work.length)
    products = encoder_operations(config, work.length) * work.regions / ours["encoder products"]
    machine_flops, machine_bytes = engine.matrix_rate, engine.copy_rate
    read = step_bytes(config, positions, work.batch_size, dtype_bytes)
    operations = step_operations(config, positions, work.batch_size * work.beams)
    predicted = predicted_memory(
        config,
        _parameters(config),
        work.length,
        work.batch_size,
        num_beams=work.beams,
        max_length=work.tokens + 1,
        dtype_bytes=dtype_bytes,
    )
    ratios = {
        "end to end, per region": published_region * work.regions / ours["total"],
        "decoding step, per region": published_step * work.batch_size / step,
        "encoder": published_encoder * work.regions / ours["encoder"],
        "encoder products / machine": products / machine_flops,
        "encoder's other work / encoder": 1 - ours["encoder products"] / ours["encoder"],
        "predicted / peak memory": predicted / engine.peak_bytes,
    }
    lines = [
        f"{work.regions} regions of {work.length} nt, {work.tokens} tokens, {work.beams} beams, "
        f"{work.batch_size} at once, {work.threads} threads; load {os.getloadavg()[0]:.1f}",
        f"machine: {machine_flops / 1e9:.0f} GFLOP/s, copy {machine_bytes / 1e9:.1f} GB/s",
        f"published_cost ({work.published_regions} regions, {work.published_tokens} tokens): "
        f"encoder {published_encoder:.2f} s, step {published_step:.3f} s "
        f"(downsampling {theirs['downsample'] / (theirs['step'] + theirs['reorder']):.0%}), "
        f"{published_region:.1f} s per region, peak {published.peak_bytes / 1e9:.2f} GB",
        f"engine ({precision}) per region: encoder {ours['encoder'] / work.regions:.2f} s, "
        f"downsampling {ours['downsample'] / work.regions:.2f} s, "
        f"projection {ours['projection'] / work.regions:.2f} s, "
        f"all {ours['total'] / work.regions:.2f} s; peak {engine.peak_bytes / 1e9:.2f} GB "
        f"(predicted {predicted / 1e9:.2f} GB)",
        f"engine step: {step * 1e3:.1f} ms for {work.batch_size} regions, of which reordering "
        f"{ours['reorder'] / steps * 1e3:.1f} ms and search "
        f"{(search_time - ours['step'] - ours['reorder']) / steps * 1e3:.1f} ms; "
        f"{work.tokens * work.regions / search_time:.0f} tokens/s; "
        f"{operations / step / 1e9:.0f} GFLOP/s, {read / step / 1e9:.1f} GB/s",
        f"encoder products: {products / 1e9:.0f} GFLOP/s",
    ]
    print("\n".join(lines))
    return {f"{precision}: {name}": value for name, value in ratios.items()}


def _parameters(config: TransgenicConfig) -> int:
    with torch.device("meta"):
        return TransgenicForConditionalGeneration(config).num_parameters()


def main(arguments: list[str]) -> dict[str, float]:
    """Run both sides and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "mid", "tiny"), default="full")
    parser.add_argument("--regions", type=int, default=16)
    parser.add_argument("--length", type=int, default=6144)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--beams", type=int, default=2)
    parser.add_argument("--batch_size", type=int, default=8, help="as --batch_size auto has it")
    parser.add_argument("--published_regions", type=int, default=1)
    parser.add_argument("--published_tokens", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu_time", action="store_true", help="for busy machines")
    parser.add_argument("--checkpoint", type=Path, help="keep the random checkpoint in this folder")
    values = vars(parser.parse_args(arguments))
    size, kept = values.pop("size"), values.pop("checkpoint")
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = (kept or Path(scratch)) / size
        if not (checkpoint / "config.json").exists():
            write_random_checkpoint(size, checkpoint)
        work = Work(checkpoint=checkpoint, **values)
        published = _apart(measure_published, work)
        ratios = {}
        engines: dict[Precision, Measured] = {}
        for precision in PRECISIONS:
            engines[precision] = _apart(partial(measure_engine, precision=precision), work)
            ratios |= report(work, published, engines[precision], precision)
        exact, rough = (engines[precision].seconds for precision in PRECISIONS)
        ratios["bf16 / fp32, end to end"] = exact["total"] / rough["total"]
        ratios["bf16 / fp32, encoder"] = exact["encoder"] / rough["encoder"]
        print("ratios:", *(f"  {name}: {value:.2f}" for name, value in ratios.items()), sep="\n")
        return ratios


def _apart(measure: Callable[[Work], Measured], work: Work) -> Measured:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, work).result()


if __name__ == "__main__":
    main(sys.argv[1:])
