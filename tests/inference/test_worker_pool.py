"""Several processes, each on the CPU, in place of several GPUs."""

import multiprocessing
import os
import re
import resource
import signal
from collections import deque
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import torch

from tests import golden
from transgenic_dagster.errors import CheckpointError, RunError
from transgenic_dagster.inference import worker_pool
from transgenic_dagster.inference.batching import BatchSizes, plan_units
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.cpu_workers import ModelProcess
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.inference.worker_pool import Patience, predict_on_workers
from transgenic_dagster.inference.worker_process import WorkerModel, WorkerSetup
from transgenic_dagster.model import TransgenicConfig, encode_dna, resolve_checkpoint
from transgenic_dagster.regions.region import Region
from transgenic_dagster.system.digested_files import DigestedFiles

NAMES = ("a6144", "b6144", "c6144") * 2
REGIONS = [Region(i, name, name, 0, 6144, "+", 0, 6144) for i, name in enumerate(NAMES)]
OPTIONS = DecodingOptions(max_length=golden.MAX_LENGTH)
TWO = (torch.device("cpu"), torch.device("cpu"))


def read_sequences(region_ids):
    return {i: golden.tiny_windows()[NAMES[i]]["sequence"] for i in region_ids}


def read_and_log(log, region_ids):
    """Note which process reads, what of its memory is its own, and what others have, too (kB)."""
    text = Path("/proc/self/smaps_rollup").read_text()
    sizes = dict(re.findall(r"(\w+):\s+(\d+) kB", text))
    with log.open("a") as handle:
        handle.write(f"{os.getpid()} {sizes['Private_Dirty']} {sizes['Shared_Dirty']}\n")
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


def read_with_little_memory(mark, region_ids):
    """Leave the process that reads first no memory for its unit."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return read_sequences(region_ids)
    sequences = read_sequences(region_ids)
    now = int(re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[1]) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (now + (1 << 20), hard))
    return sequences


SIZES = BatchSizes(TransgenicConfig(), 2, golden.MAX_LENGTH, 4, False, 1 << 30, fixed=1)


def tiny_model(precision="fp32"):
    files = resolve_checkpoint(str(golden.TINY_CHECKPOINT))
    return WorkerModel(files, DigestedFiles.read(files.config, *files.weights), precision, False)


def predict(read, devices=TWO, precision="fp32", **options):
    units = plan_units("Chr1", REGIONS, lambda _: 1)
    model = tiny_model(precision)
    answers = predict_on_workers(devices, model, OPTIONS, units, read, SIZES, **options)
    return {unit.regions[0].region_id: sentences[0].raw for unit, sentences in answers}


def recorded():
    return {i: golden.tiny_windows()[n]["beam2"]["decoded_raw"] for i, n in enumerate(NAMES)}


def logged(log):
    return [tuple(map(int, line.split())) for line in log.read_text().splitlines()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What two processes find, and what each noted at each unit."""
    log = tmp_path_factory.mktemp("undisturbed") / "log"
    return predict(partial(read_and_log, log)), logged(log)


def test_units_are_shared_out_and_come_back_right(undisturbed):
    found, notes = undisturbed
    assert found == recorded()
    assert len(notes) == len(NAMES)
    assert os.getpid() not in {pid for pid, _, _ in notes}


def test_the_processes_on_the_cpu_have_one_copy_of_what_was_loaded(undisturbed):
    _, notes = undisturbed
    weights = golden.TINY_CHECKPOINT.joinpath("model.safetensors").stat().st_size >> 10
    _, own, shared = notes[0]
    assert shared > max(10 * own, weights)


def test_no_process_outlives_the_prediction(undisturbed):
    _, notes = undisturbed
    assert multiprocessing.active_children() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid, _, _ in notes)


def test_a_process_with_a_device_of_its_own_loads_the_model_there():
    """As for a GPU."""
    setup = WorkerSetup(os.getpid(), tiny_model(), OPTIONS, read_sequences)
    unit, _ = plan_units("Chr1", REGIONS[:2], lambda _: 1)
    with ExitStack() as end:
        worker = worker_pool._start_on(torch.device("cpu"), setup, end)
        worker_pool._assign(worker, deque([unit]), SIZES)
        (sentence,) = worker.connection.recv()
    assert sentence.raw == recorded()[0]
    assert worker.process.exitcode is not None


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


def test_a_unit_without_memory_ends_as_such_and_the_others_go_on(tmp_path):
    found = predict(partial(read_with_little_memory, tmp_path / "mark"))
    (lost,) = (region for region, sentence in found.items() if not sentence)
    assert found == recorded() | {lost: ""}


def test_as_many_processes_are_started_as_do_most(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # there are fewer cores than threads
    monkeypatch.setattr(worker_pool, "usable_cores", lambda: 4)
    log = tmp_path / "log"
    with caplog.at_level("INFO"):
        assert predict(partial(read_and_log, log), TWO, fitted=True) == recorded()
    (count,) = re.findall(r"4 cores predict in (\d) process", caplog.text)
    assert len({pid for pid, _, _ in logged(log)}) == int(count)


def test_forked_processes_of_several_threads_compute_with_kernels(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # there are fewer cores than threads
    monkeypatch.setattr(worker_pool, "usable_cores", lambda: 4)
    engine = Engine.load(tiny_model().files, TWO[0], "bf16")
    windows = torch.stack([encode_dna(golden.tiny_windows()[name]["sequence"]) for name in NAMES])
    alone = engine.predict(REGIONS, windows, OPTIONS, batch_size=1)
    assert predict(read_sequences, precision="bf16") == {s.region_id: s.raw for s in alone}


def test_a_process_that_is_lost_before_it_has_the_model_is_told(monkeypatch):
    def lose(setup, most):
        model_process = ModelProcess(setup, most)
        model_process._process.kill()
        return model_process

    monkeypatch.setattr(worker_pool, "ModelProcess", lose)
    with pytest.raises(RunError, match="that loads the model ended by SIGKILL"):
        predict(read_sequences)
