"""What the work around the model costs: reading windows, journal, summary, building genes, files.

``python -m benchmarks.bench_around`` annotates the demo assembly many times over, in units as large
as a GPU's, and answers from memory in the model's place. Prints milliseconds per region of each
part. The time of the clock includes waiting for the disk; seconds of one core tell little of that.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.bench_growth import copy_demo
from benchmarks.workload import Stopwatch
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.inference import prefetch
from transgenic_dagster.inference.cpu_workers import CPU
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.journal import Journal
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.journals import JournalSummary
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff

GPU_BATCH_SIZE = 128
DEMO_WINDOW = 12_288
"""The longest that the demo model reads, in nucleotides."""
_PARTS = (
    (prefetch, "window_ids", "reading windows"),
    (JournalSummary, "add", "counting sentences"),
    (Journal, "append", "journal"),
)


def main(arguments: list[str]) -> dict[str, float]:
    """Measure; milliseconds of the clock per region, by part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=44, help="of the demo's 48 regions")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # what is measured has no more; threads suffer where others work
    clock, core = Stopwatch(CPU), Stopwatch(CPU, time.thread_time)
    for watch in (clock, core):
        for owner, name, part in _PARTS:
            watch.watch(owner, name, part)
    with tempfile.TemporaryDirectory() as scratch:
        options = copy_demo(Path(scratch), chosen.copies)
        options = options.model_copy(update={"batch_size": GPU_BATCH_SIZE, "num_workers": 0})
        regions = _measure(options, clock, core)
    parts = {part: 1e3 * seconds / regions for part, seconds in clock.seconds.items()}
    for part, value in parts.items():
        print(
            f"{part}: {value:.3f} ms per region, {1e3 * core.seconds[part] / regions:.3f} of it "
            "at work in this process"
        )
    return parts


def _measure(options: AnnotateOptions, clock: Stopwatch, core: Stopwatch) -> int:
    """Take the times of one run; returns its number of regions."""
    folder = RunFolder(options.run_folder)
    folder.mark("benchmark", {})

    def measure(part: str, work: Callable[[], Any]) -> None:
        with clock.measure(part), core.measure(part):
            work()

    measure("sorting", lambda: make_sorted_gff(folder, options))
    measure("regions", lambda: make_region_db(folder, options, max_encoder_seqlen=DEMO_WINDOW))
    predict, Engine.predict = Engine.predict, _recalling(Engine.predict)
    predict_pieces(folder, None, options, SilentProgress())
    Engine.predict = predict
    measure("genes and files", lambda: merge_pieces(folder, options))
    with RegionDb(folder.region_db) as database:
        return len(database.regions())


def _recalling(predict: Callable[..., list[PredictedSentence]]) -> Any:
    """An ``Engine.predict`` that predicts each window once."""
    known: dict[bytes, PredictedSentence] = {}

    def recall(
        engine: Engine, regions: Sequence[Region], input_ids: torch.Tensor, *options: Any, **_: Any
    ) -> list[PredictedSentence]:
        sentences = []
        for region, window in zip(regions, input_ids, strict=True):
            key = window.numpy().tobytes()
            if key not in known:
                (known[key],) = predict(engine, [region], window[None], *options)
            sentences.append(replace(known[key], region_id=region.region_id))
        return sentences

    return recall


if __name__ == "__main__":
    main(sys.argv[1:])
