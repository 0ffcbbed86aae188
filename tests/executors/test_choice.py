import os
import subprocess
import sys

import dagster as dg
import pytest

from tests.executors.toy_job import heard, in_this_process
from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.choice import EXECUTORS, chosen_executor
from transgenic_dagster.executors.pool import GPU_POOL, limit_gpu_pool


@pytest.mark.parametrize("name", EXECUTORS)
def test_an_executor_is_chosen_by_its_name(monkeypatch, name):
    monkeypatch.setenv("TRANSGENIC_EXECUTOR", name)
    assert chosen_executor().name == name


@pytest.mark.parametrize("value", [None, ""])
def test_the_gpu_executor_is_the_default(monkeypatch, value):
    monkeypatch.delenv("TRANSGENIC_EXECUTOR", raising=False)
    if value is not None:
        monkeypatch.setenv("TRANSGENIC_EXECUTOR", value)
    assert chosen_executor().name == "gpu"


def test_another_name_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("TRANSGENIC_EXECUTOR", "k8s")
    with pytest.raises(UsageError) as refused:
        chosen_executor()
    assert str(refused.value) == (
        "TRANSGENIC_EXECUTOR=k8s: is not an executor; choose one of gpu, slurm, in_process."
    )


@pytest.mark.parametrize("limit", [1, 4])
def test_the_pool_has_the_limit_that_was_set_last(tmp_path, limit):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        limit_gpu_pool(instance, 2)
        limit_gpu_pool(instance, limit)
        limit_gpu_pool(instance, limit)
        assert instance.event_log_storage.get_concurrency_info(GPU_POOL).slot_count == limit


def test_the_pool_can_be_without_limit(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        limit_gpu_pool(instance, 2)
        limit_gpu_pool(instance, None)
        limit_gpu_pool(instance, None)
        assert instance.event_log_storage.get_pool_limits() == []


def test_in_process_steps_run_in_the_process_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_FOLDER", str(tmp_path))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        assert dg.execute_job(dg.reconstructable(in_this_process), instance=instance).success
        assert instance.event_log_storage.get_concurrency_info(GPU_POOL).slot_count == 1
    assert heard("pid") == [str(os.getpid())]


def test_choosing_an_executor_does_not_load_torch():
    code = "import transgenic_dagster.executors.choice, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
