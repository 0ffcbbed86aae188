from pathlib import Path

import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.devices import gpu_devices, leasable_devices


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    monkeypatch.delenv("TRANSGENIC_GPU_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def write_driver(folder: Path, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_devices_are_listed_by_the_driver(tmp_path):
    write_driver(tmp_path, "echo GPU-8f1c-01; echo GPU-8f1c-02")
    assert gpu_devices() == ("GPU-8f1c-01", "GPU-8f1c-02")


def test_a_driver_that_fails_is_mentioned_and_the_cpu_used(tmp_path, caplog):
    write_driver(tmp_path, "echo 'driver/library version mismatch'; exit 18")
    assert leasable_devices() == ("cpu",)
    assert "nvidia-smi cannot list" in caplog.text


def test_a_machine_without_driver_has_only_its_cpu():
    assert gpu_devices() == ()
    assert leasable_devices() == ("cpu",)


@pytest.mark.parametrize(
    ("value", "devices"),
    [
        ("0,1", ("0", "1")),
        (" 3 , GPU-8f1c-01,", ("3", "GPU-8f1c-01")),
        ("1,1,0", ("1", "0")),
        ("0,-1,2", ("0",)),
        ("MIG-GPU-8f1c/1/0", ("MIG-GPU-8f1c/1/0",)),
        ("", ()),
        ("-1", ()),
    ],
)
@pytest.mark.parametrize("variable", ["TRANSGENIC_GPU_DEVICES", "CUDA_VISIBLE_DEVICES"])
def test_variables_name_devices(monkeypatch, tmp_path, variable, value, devices):
    write_driver(tmp_path, "echo GPU-of-the-driver")
    monkeypatch.setenv(variable, value)
    assert gpu_devices() == devices


def test_our_variable_goes_before_cudas(monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert gpu_devices() == ("2",)


@pytest.mark.parametrize("value", ["0;1", "../etc", "0 1", "-2"])
def test_a_name_that_is_not_a_device_is_refused(monkeypatch, value):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", value)
    with pytest.raises(UsageError, match=r"TRANSGENIC_GPU_DEVICES=.* is not a device"):
        gpu_devices()
