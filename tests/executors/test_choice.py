import subprocess
import sys

import dagster as dg
import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.choice import (
    EXECUTORS,
    GPU_POOL,
    chosen_executor,
    limit_gpu_pool,
)


@pytest.mark.parametrize("name", EXECUTORS)
def test_an_executor_is_chosen_by_its_name(monkeypatch, name):
    monkeypatch.setenv("TRANSGENIC_EXECUTOR", name)
    assert chosen_executor() is EXECUTORS[name]


@pytest.mark.parametrize("value", [None, ""])
def test_the_gpu_executor_is_the_default(monkeypatch, value):
    monkeypatch.delenv("TRANSGENIC_EXECUTOR", raising=False)
    if value is not None:
        monkeypatch.setenv("TRANSGENIC_EXECUTOR", value)
    assert chosen_executor() is EXECUTORS["gpu"]


def test_another_name_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("TRANSGENIC_EXECUTOR", "k8s")
    with pytest.raises(UsageError) as refused:
        chosen_executor()
    assert str(refused.value) == (
        "TRANSGENIC_EXECUTOR=k8s: is not an executor; choose one of gpu, slurm, in_process."
    )


def test_the_pool_follows_the_devices_until_an_administrator_sets_its_limit(tmp_path, monkeypatch):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        for devices, places in (("0,1", 2), ("0,1,2,3", 4), ("", 1)):
            monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", devices)
            limit_gpu_pool(instance)
            assert storage.get_concurrency_info(GPU_POOL).slot_count == places
        storage.set_concurrency_slots(GPU_POOL, 7)
        limit_gpu_pool(instance)
        assert storage.get_concurrency_info(GPU_POOL).slot_count == 7


def test_with_slurm_the_pool_is_without_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0,1")
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        limit_gpu_pool(instance)
        monkeypatch.setenv("TRANSGENIC_EXECUTOR", "slurm")
        limit_gpu_pool(instance)
        assert instance.event_log_storage.get_pool_limits() == []


def test_choosing_an_executor_does_not_load_torch():
    code = "import transgenic_dagster.executors.choice, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
