import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_for
from transgenic_dagster.system.devices import leased_gpu, try_to_lease

STEP = """
import os, sys, time
from transgenic_dagster.system.devices import leased_gpu
import logging
logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
with leased_gpu():
    print(os.environ.get("CUDA_VISIBLE_DEVICES", "unset"), flush=True)
    time.sleep(3600)
"""


@pytest.fixture(autouse=True)
def start(tmp_path, monkeypatch):
    """Starts processes that lease one of some devices, tell which, and wait."""
    monkeypatch.setenv("TRANSGENIC_LEASES", str(tmp_path / "leases"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    started: list[subprocess.Popen[str]] = []

    def start(devices: str):
        process = subprocess.Popen(
            [sys.executable, "-c", STEP],
            env=os.environ | {"TRANSGENIC_GPU_DEVICES": devices},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def is_free(device: str) -> bool:
    lease = try_to_lease(device)
    if lease is not None:
        os.close(lease)
    return lease is not None


def test_each_process_gets_a_device_of_its_own(start):
    first, second = start("0,1"), start("0,1")
    assert {first.stdout.readline(), second.stdout.readline()} == {"0\n", "1\n"}
    assert not is_free("0")
    assert not is_free("1")


def test_a_process_waits_until_a_device_is_free(start):
    first = start("0")
    assert first.stdout.readline() == "0\n"
    second = start("0")
    assert second.stderr.readline() == "waiting for a free device among 0\n"
    first.kill()
    assert second.stdout.readline() == "0\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lease_ends_with_its_process(start, number):
    process = start("0")
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait() == -number
    assert is_free("0")


def test_a_lease_ends_with_its_block_and_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0")
    with leased_gpu() as device:
        assert device == os.environ["CUDA_VISIBLE_DEVICES"] == "0"
        assert not is_free("0")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert is_free("0")


def test_a_lease_ends_with_the_executor_that_started_the_process(tmp_path):
    # The executor starts its steps with multiprocessing.
    code = (
        "import multiprocessing, os, time\n"
        "from transgenic_dagster.system.devices import leased_gpu\n"
        "def step():\n"
        "    with leased_gpu():\n"
        "        print(os.getpid(), flush=True)\n"
        "        time.sleep(3600)\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.get_context('spawn').Process(target=step).start()\n"
        "    time.sleep(3600)\n"
    )
    (tmp_path / "executor.py").write_text(code)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "executor.py")],
        env=os.environ | {"TRANSGENIC_GPU_DEVICES": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as executor:
        pid = int(executor.stdout.readline())
        assert not is_free("0")
        executor.kill()
    wait_for(lambda: is_free("0"), "the end of the lease")
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process")


def test_the_cpu_is_leased_too_and_leaves_cuda_alone(start):
    assert start("").stdout.readline() == "unset\n"
    assert not is_free("cpu")


def test_a_device_that_slurm_has_given_is_not_leased(monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_GIVEN", "1")
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0")
    with leased_gpu() as device:
        assert device is None
        assert is_free("0")
