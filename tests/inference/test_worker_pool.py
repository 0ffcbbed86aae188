"""Several processes, each on the CPU, in place of several GPUs."""

import os
import signal
from functools import partial

import pytest
import torch

from tests import golden
from transgenic_dagster.errors import CheckpointError, RunError
from transgenic_dagster.inference import worker_pool
from transgenic_dagster.inference.batching import BatchSizes, plan_units
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.worker_pool import Patience, WorkerModel, predict_on_workers
from transgenic_dagster.model import TransgenicConfig, resolve_checkpoint
from transgenic_dagster.regions.region import Region
from transgenic_dagster.system.digested_files import DigestedFiles

NAMES = ("a6144", "b6144", "c6144") * 2
REGIONS = [Region(i, name, name, 0, 6144, "+", 0, 6144) for i, name in enumerate(NAMES)]
OPTIONS = DecodingOptions(max_length=golden.MAX_LENGTH)
TWO = (torch.device("cpu"), torch.device("cpu"))


def read_sequences(region_ids):
    return {i: golden.tiny_windows()[NAMES[i]]["sequence"] for i in region_ids}


def read_and_log(log, region_ids):
    with log.open("a") as handle:
        handle.write(f"{os.getpid()}\n")
    return read_sequences(region_ids)


def die_once(mark, region_ids):
    """Lose the process that reads first."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return read_sequences(region_ids)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def stop_once(mark, region_ids):
    """Stop the process that reads first, as a debugger or a hanging driver does."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return read_sequences(region_ids)
    os.kill(os.getpid(), signal.SIGSTOP)
    return {}


def die(region_ids):
    os._exit(7)


def fail(region_ids):
    raise CheckpointError("The windows cannot be read.")


def predict(read, devices=TWO, **options):
    sizes = BatchSizes(TransgenicConfig(), 2, golden.MAX_LENGTH, 4, False, 1 << 30, fixed=1)
    units = plan_units("Chr1", REGIONS, lambda _: 1)
    files = resolve_checkpoint(str(golden.TINY_CHECKPOINT))
    digested = DigestedFiles.read(files.config, *files.weights)
    model = WorkerModel(files, digested, "fp32", compiled=False)
    answers = predict_on_workers(devices, model, OPTIONS, units, read, sizes, **options)
    return {unit.regions[0].region_id: sentences[0].raw for unit, sentences in answers}


def recorded():
    return {i: golden.tiny_windows()[n]["beam2"]["decoded_raw"] for i, n in enumerate(NAMES)}


def test_units_are_shared_out_and_come_back_right(tmp_path):
    log = tmp_path / "log"
    assert predict(partial(read_and_log, log)) == recorded()
    assert len(log.read_text().split()) == len(NAMES)
    assert str(os.getpid()) not in log.read_text().split()


def test_what_a_lost_process_was_doing_goes_to_another(tmp_path, caplog):
    assert predict(partial(die_once, tmp_path / "mark")) == recorded()
    assert "ended by SIGKILL; reassigning its regions" in caplog.text


def test_what_a_stopped_process_was_doing_goes_to_another(tmp_path, caplog):
    short = Patience(seconds=0.1, factor=1.5, look_every=0.1)
    read = partial(stop_once, tmp_path / "mark")
    assert predict(read, patience=short) == recorded()
    assert "has not answered for" in caplog.text
    assert "ended by SIGKILL; reassigning its regions" in caplog.text


class StandIn:
    """A process that never answers."""

    def __init__(self, unit, seconds):
        self.unit, self.seconds = unit, seconds


def watch_and_workers(monkeypatch, seconds):
    units = plan_units("Chr1", REGIONS, lambda _: 1)
    watch = worker_pool._Watch(Patience(seconds=100, factor=20, look_every=10), looked=0.0)
    monkeypatch.setattr(worker_pool.time, "monotonic", lambda: 0.0)
    return watch, [StandIn(unit, s) for unit, s in zip(units, seconds, strict=False)]


@pytest.mark.parametrize(
    ("slowest", "seconds", "hanging"),
    [
        (0, [9999, 0], []),  # nothing says yet how long a unit takes
        (1, [99, 0], []),
        (1, [101, 0], [0]),
        (10, [199, 0], []),  # twenty times as long as the slowest
        (10, [201, 0], [0]),
        (1, [101, 102], []),  # nobody is left to take over
        (1, [101], []),
    ],
)
def test_a_process_hangs_where_it_takes_far_longer_than_any(monkeypatch, slowest, seconds, hanging):
    watch, workers = watch_and_workers(monkeypatch, seconds)
    watch.slowest = slowest / REGIONS[0].window_length
    assert [workers.index(worker) for worker in watch.look(workers)] == hanging


def test_time_in_which_the_run_itself_was_stopped_does_not_count(monkeypatch):
    watch, workers = watch_and_workers(monkeypatch, [0, 0])
    watch.done(workers[0].unit, StandIn(None, 1.0))
    monkeypatch.setattr(worker_pool.time, "monotonic", lambda: 100_000.0)
    assert watch.look(workers) == []
    assert [worker.seconds for worker in workers] == [20, 20]


def test_when_all_processes_are_lost_the_run_fails():
    with pytest.raises(RunError, match="with exit code 7"):
        predict(die)


def test_an_error_in_a_process_is_raised_here():
    with pytest.raises(CheckpointError, match="cannot be read"):
        predict(fail)


def test_no_process_outlives_the_prediction():
    import multiprocessing

    predict(read_sequences)
    assert multiprocessing.active_children() == []
