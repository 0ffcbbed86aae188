"""Everything worth measuring on a GPU, in one run of under ten minutes without network.

``bash benchmarks/bench_gpu.sh`` on a machine with a CUDA device; ``--device cpu --size tiny``
tries it out anywhere. Needs torch, numpy, transformers and safetensors only. What it prints is
kept in ``RESULTS.md``.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import bench_search
from benchmarks.forced_lengths import ForcedLengths
from benchmarks.published_cost import PublishedDecoding
from benchmarks.workload import (
    Stopwatch,
    copy_rate,
    matrix_rate,
    random_windows,
    regions_of,
    step_bytes,
    write_random_checkpoint,
)
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.demo.train import training_examples
from transgenic_dagster.inference.batching import BatchSizes
from transgenic_dagster.inference.beam_search import Decoding as BeamDecoding
from transgenic_dagster.inference.beam_search import DecodingOptions, search
from transgenic_dagster.inference.device import DTYPES, Precision, memory_of
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.model import (
    CheckpointFiles,
    Decoding,
    encode_dna,
    encoder_states_length,
    resolve_checkpoint,
    step_graphs,
)

CPU = torch.device("cpu")
BEAMS = 2
MIX = {6_144: 0.70, 12_288: 0.20, 18_432: 0.06, 24_576: 0.02, 36_864: 0.01, 49_152: 0.01}
"""Shares of window lengths as in a plant genome."""
SENTENCE_LENGTHS = (40, 600)
GENOME_REGIONS = 44_000
SHOWN_KERNELS = 15
NAMES = {"full": "768L12A6 (400M)", "mid": "384L6A6", "tiny": "demo size"}


@dataclass(frozen=True)
class Setting:
    """Device and sizes of a measurement.

    Args:
        device: what is measured.
        precision: that a run would take there.
        checkpoint: folder of the model with random weights.
        size: its name.
        regions: in the mix of window lengths.
        tokens: of a sentence where all are alike.
        batch_sizes: regions at once to compare.
    """

    device: torch.device
    precision: Precision
    checkpoint: Path
    size: str
    regions: int
    tokens: int
    batch_sizes: tuple[int, ...]

    def engine(self, precision: Precision | None = None) -> Engine:
        """The engine on the device."""
        files = resolve_checkpoint(str(self.checkpoint))
        return Engine.load(files, self.device, precision or self.precision)


def parity_of_random_models(setting: Setting, scratch: Path) -> None:
    """Compare sentences on the device with those of fp32 on the CPU."""
    for size in ("tiny", "mid") if setting.size == "full" else (setting.size,):
        folder = scratch / f"parity-{size}"
        write_random_checkpoint(size, folder)
        files = resolve_checkpoint(str(folder))
        batches = [random_windows(8, 6_144)]
        options = DecodingOptions(num_beams=BEAMS, max_length=49)
        _compare(f"{NAMES[size]}, random weights", setting, files, batches, options)


def parity_of_the_demo_model(setting: Setting, scratch: Path) -> None:
    """Compare sentences of a trained model on the device with those of fp32 on the CPU."""
    examples = training_examples(write_assembly(scratch / "demo"))
    files = resolve_checkpoint(str(demo_checkpoint()))
    by_length: dict[int, list[torch.Tensor]] = {}
    for example in examples:
        by_length.setdefault(len(example.window), []).append(encode_dna(example.window))
    batches = [torch.stack(windows) for windows in by_length.values()]
    _compare("demo model, trained", setting, files, batches, DecodingOptions(num_beams=BEAMS))


def _compare(
    model: str,
    setting: Setting,
    files: CheckpointFiles,
    batches: list[torch.Tensor],
    options: DecodingOptions,
) -> None:
    def sentences(device: torch.device, precision: Precision) -> list[str]:
        engine = Engine.load(files, device, precision)
        return [
            sentence.raw
            for windows in batches
            for sentence in engine.predict(regions_of(windows), windows, options)
        ]

    expected = sentences(CPU, "fp32")
    for precision in ("fp32", setting.precision):
        found = sentences(setting.device, precision)
        equal = sum(a == b for a, b in zip(found, expected, strict=True))
        print(
            f"{model}: {precision} on the device gives {equal} of {len(expected)} sentences of "
            f"fp32 on the CPU ({equal / len(expected):.1%})"
        )


@torch.inference_mode()
def against_published_cost(setting: Setting) -> None:
    """Time the engine and the published way on the same device, per region."""
    length, few = 6_144, max(4, setting.tokens // 8)
    published = setting.engine("fp32").model
    watch = Stopwatch(setting.device)
    for _ in range(2):  # the first time, libraries choose their kernels
        watch.seconds.clear()
        decoding = PublishedDecoding(published, random_windows(1, length), BEAMS)
        with watch.measure("encoder"):
            decoding.admit(1)
        rest = _AlreadyEntered(decoding)
        with watch.measure("steps"):
            search(
                rest, ["0"], DecodingOptions(num_beams=BEAMS, max_length=few + 1), setting.device
            )
    theirs = watch.seconds["encoder"] + watch.seconds["steps"] / few * setting.tokens
    del published, decoding, rest

    engine = setting.engine()
    regions = 2 * max(setting.batch_sizes)
    windows = random_windows(regions, length)
    options = DecodingOptions(num_beams=BEAMS, max_length=setting.tokens + 1)
    batch_size = max(setting.batch_sizes)
    engine.predict(regions_of(windows[:1]), windows[:1], DecodingOptions(max_length=9))
    with watch.measure("engine"):
        engine.predict(regions_of(windows), windows, options, batch_size=batch_size)
    ours = watch.seconds["engine"] / regions
    print(
        f"one region of {length} nt, {setting.tokens} tokens: "
        f"published_cost (fp32) {theirs:.3f} s, "
        f"engine ({setting.precision}, {batch_size} at once) {ours:.4f} s: "
        f"ratio {theirs / ours:.1f}"
    )


class _AlreadyEntered:
    """A decoding state whose regions were entered before the search."""

    def __init__(self, decoding: BeamDecoding) -> None:
        self._decoding = decoding
        self.reorder, self.release = decoding.reorder, decoding.release
        self._asked: list[float] = []

    def admit(self, regions: int) -> None:
        """Nothing is left to do."""

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits after one more token."""
        self._asked.append(time.thread_time())
        return self._decoding.step(token_ids)

    @property
    def host(self) -> float:
        """CPU seconds of this thread per step, the median: most steps wait for no GPU."""
        return median(b - a for a, b in pairwise(self._asked))


@torch.inference_mode()
def batch_sizes(setting: Setting) -> None:
    """Tokens per second and memory over batch sizes, beside what the device's memory allows."""
    engine, length = setting.engine(), 6_144
    bandwidth = copy_rate(setting.device)
    dtype_bytes = DTYPES[setting.precision].itemsize
    config = engine.model.config
    print(f"copy {bandwidth / 1e9:,.0f} GB/s")
    print(
        "regions at once | encoder ms/region | step ms | host ms | floor ms | step / floor | "
        "tokens/s | GB"
    )
    for batch_size in setting.batch_sizes:
        _forget_peak(setting.device)
        watch = Stopwatch(setting.device)
        decoding = Decoding(engine.model, random_windows(batch_size, length), BEAMS, batch_size)
        with watch.measure("encoder"):
            decoding.admit(batch_size)
        entered = _AlreadyEntered(decoding)
        keys = [str(i) for i in range(batch_size)]
        with watch.measure("steps"):
            search(
                entered,
                keys,
                DecodingOptions(num_beams=BEAMS, max_length=setting.tokens + 1),
                setting.device,
            )
        step = watch.seconds["steps"] / setting.tokens
        written = batch_size * BEAMS * setting.tokens // 2 * 2 * config.decoder_layers
        self_bytes = written * config.decoder_dim * dtype_bytes
        floor = (
            step_bytes(config, encoder_states_length(length), batch_size, dtype_bytes) + self_bytes
        ) / (
            bandwidth / 2  # a copy reads and writes
        )
        print(
            f"{batch_size:>15} | {watch.seconds['encoder'] / batch_size * 1e3:>17.1f} | "
            f"{step * 1e3:>7.2f} | {entered.host * 1e3:>7.3f} | {floor * 1e3:>8.2f} | "
            f"{step / floor:>12.2f} | {batch_size / step:>8.0f} | {_peak(setting.device) / 1e9:.2f}"
        )


def search_alone(setting: Setting) -> None:
    """Time what the search costs the host per step, without the model."""
    bench_search.main(["--device", str(setting.device)])


@torch.inference_mode()
def one_step(setting: Setting) -> None:
    """Say which kernels the time of a decoding step goes to, with the most regions at once."""
    engine, regions = setting.engine(), max(setting.batch_sizes)
    decoding = Decoding(engine.model, random_windows(regions, 6_144), BEAMS, regions)
    decoding.admit(regions)
    steps = max(2, setting.tokens // 10)
    options = DecodingOptions(num_beams=BEAMS, max_length=steps + 1)
    on_gpu = setting.device.type == "cuda"
    activity = ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU
    keys = [str(i) for i in range(regions)]
    with profile(activities=[activity]) as profiled:
        search(_AlreadyEntered(decoding), keys, options, setting.device)
    kernels = [
        ((e.self_device_time_total if on_gpu else e.self_cpu_time_total) / 1e3 / steps, e)
        for e in profiled.key_averages()
    ]
    total = sum(spent for spent, _ in kernels)
    print(f"{regions} regions at once, {total:.2f} ms per step, {steps} steps, of which")
    for spent, event in sorted(kernels, key=lambda one: one[0], reverse=True)[:SHOWN_KERNELS]:
        print(f"{spent:>8.3f} ms in {event.count / steps:>6.1f} x {event.key[:90]}")


@torch.inference_mode()
def plant_mix(setting: Setting) -> None:
    """Throughput over windows and sentences like a plant genome's, and what a genome would take."""
    engine = setting.engine()
    sizes = BatchSizes(
        config=engine.model.config,
        num_beams=BEAMS,
        max_length=2_048,
        dtype_bytes=DTYPES[setting.precision].itemsize,
        on_gpu=setting.device.type == "cuda",
        memory_budget=memory_of(setting.device),
    )
    lengths_of = random.Random(1)
    longest = engine.model.config.max_encoder_seqlen
    mix = {length: share for length, share in MIX.items() if length <= longest}
    projection = 0.0
    _forget_peak(setting.device)
    for length, share in mix.items():
        count = max(2, round(setting.regions * share))
        batch_size = sizes.batch_size(length)
        tokens = [lengths_of.randint(*SENTENCE_LENGTHS) for _ in range(count)]
        if setting.size == "tiny":
            tokens = [t // 20 for t in tokens]
        windows = random_windows(count, length, seed=length)
        state = ForcedLengths(Decoding(engine.model, windows, BEAMS, batch_size), tokens, BEAMS)
        watch = Stopwatch(setting.device)
        with watch.measure("all"), _captures_timed(watch):
            search(
                state,
                [str(i) for i in range(count)],
                DecodingOptions(num_beams=BEAMS, max_length=SENTENCE_LENGTHS[1] + 2),
                setting.device,
                batch_size=batch_size,
            )
        seconds = watch.seconds["all"]
        projection += seconds / count * share / sum(mix.values()) * GENOME_REGIONS
        print(
            f"{length:>6} nt: {count} regions, {batch_size} at once, {seconds:.1f} s, "
            f"{count / seconds:.2f} regions/s, {sum(tokens) / seconds:.0f} tokens/s, "
            f"{state.region_steps / state.steps / min(batch_size, count):.0%} of places taken, "
            f"{watch.seconds['graphs']:.2f} s for capturing graphs"
        )
        del state
    print(f"peak memory {_peak(setting.device) / 1e9:.2f} GB")
    print(f"{GENOME_REGIONS:,} regions of this mix: {projection / 60:.1f} minutes")


@contextmanager
def _captures_timed(watch: Stopwatch) -> Iterator[None]:
    capture = step_graphs.capture

    def timed(step: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, Callable[[], None]]:
        with watch.measure("graphs"):
            return capture(step)

    with patch.object(step_graphs, "capture", timed):
        yield


def _forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else float("nan")


def main(arguments: list[str]) -> None:
    """Run all measurements, as far as the time allows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda"))
    parser.add_argument("--size", choices=("full", "mid", "tiny"), default="full")
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="bf16")
    parser.add_argument("--regions", type=int, default=1_000, help="in the plant mix")
    parser.add_argument("--tokens", type=int, default=200, help="of a sentence")
    parser.add_argument("--batch_sizes", default="1,2,4,8,16,32,64,128")
    parser.add_argument("--seconds", type=float, default=540, help="start nothing new after these")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        setting = Setting(
            device=chosen.device,
            precision=chosen.precision,
            checkpoint=scratch / "random",
            size=chosen.size,
            regions=chosen.regions,
            tokens=chosen.tokens,
            batch_sizes=tuple(int(size) for size in chosen.batch_sizes.split(",")),
        )
        write_random_checkpoint(chosen.size, setting.checkpoint)
        measurements: dict[str, Callable[[], None]] = {
            "Same sentences, random weights": lambda: parity_of_random_models(setting, scratch),
            "Same sentences, trained demo model": lambda: parity_of_the_demo_model(
                setting, scratch
            ),
            "The published way": lambda: against_published_cost(setting),
            "The search alone": lambda: search_alone(setting),
            "Batch sizes": lambda: batch_sizes(setting),
            "One step": lambda: one_step(setting),
            "A plant genome's mix": lambda: plant_mix(setting),
        }
        print(f"{_machine(chosen.device)}; PyTorch {torch.__version__}; {NAMES[chosen.size]}")
        for title, measure in measurements.items():
            if time.monotonic() - began > chosen.seconds:
                print(f"\n== {title}: left out, the time is used up")
                continue
            print(f"\n== {title} ({time.monotonic() - began:.0f} s)", flush=True)
            measure()
    print(f"\nall: {time.monotonic() - began:.0f} s")


def _machine(device: torch.device) -> str:
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    rate = matrix_rate(device, dtype) / 1e12
    return f"{name}: {rate:.1f} TFLOP/s in {str(dtype).removeprefix('torch.')}"


if __name__ == "__main__":
    main(sys.argv[1:])
