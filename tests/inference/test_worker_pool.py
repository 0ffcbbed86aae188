"""Several processes, each on the CPU, in place of several GPUs."""

import os
import signal
from functools import partial

import pytest
import torch

from tests import golden
from transgenic_dagster.errors import CheckpointError, RunError
from transgenic_dagster.inference.batching import BatchSizes, plan_units
from transgenic_dagster.inference.beam_search import DecodingOptions
from transgenic_dagster.inference.worker_pool import WorkerModel, predict_on_workers
from transgenic_dagster.model import TransgenicConfig, resolve_checkpoint
from transgenic_dagster.regions.region import Region

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


def die(region_ids):
    os._exit(7)


def fail(region_ids):
    raise CheckpointError("The windows cannot be read.")


def predict(read, devices=TWO):
    sizes = BatchSizes(TransgenicConfig(), 2, golden.MAX_LENGTH, 4, False, 1 << 30, fixed=1)
    units = plan_units("Chr1", REGIONS, lambda _: 1)
    model = WorkerModel(resolve_checkpoint(str(golden.TINY_CHECKPOINT)), "fp32", compiled=False)
    answers = predict_on_workers(devices, model, OPTIONS, units, read, sizes)
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


def test_when_all_processes_are_lost_the_run_fails():
    with pytest.raises(RunError, match=r"with exit code 7.*--resume"):
        predict(die)


def test_an_error_in_a_process_is_raised_here():
    with pytest.raises(CheckpointError, match="cannot be read"):
        predict(fail)


def test_no_process_outlives_the_prediction():
    import multiprocessing

    predict(read_sequences)
    assert multiprocessing.active_children() == []
