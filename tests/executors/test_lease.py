import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_for
from transgenic_dagster.executors.lease import lock_file, try_to_lease

DEVICE_AND_WAIT = "echo $CUDA_VISIBLE_DEVICES; exec sleep 3600"


@pytest.fixture(autouse=True)
def leases(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_LEASES", str(tmp_path / "leases"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    started: list[subprocess.Popen[str]] = []

    def start(*devices: str, command: str = DEVICE_AND_WAIT, parent: int | None = None):
        choices = [argument for device in devices for argument in ("--device", device)]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "transgenic_dagster.executors.lease"),
                *("--parent", str(parent or os.getpid()), *choices, "--", "sh", "-c", command),
            ],
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


def test_each_command_gets_a_device_of_its_own(leases):
    first, second = leases("0", "1"), leases("0", "1")
    assert {first.stdout.readline(), second.stdout.readline()} == {"0\n", "1\n"}
    assert not is_free("0")
    assert not is_free("1")


def test_a_command_waits_until_a_device_is_free(leases):
    first = leases("0")
    assert first.stdout.readline() == "0\n"
    second = leases("0")
    assert second.stderr.readline() == "Waiting for a free device among 0.\n"
    first.kill()
    assert second.stdout.readline() == "0\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_lease_ends_with_its_command(leases, number):
    process = leases("0")
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait() == -number
    assert is_free("0")


def test_commands_started_by_a_background_job_of_a_shell_can_be_interrupted(leases):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = leases("0")
    finally:
        signal.signal(signal.SIGINT, before)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait() == -signal.SIGINT


def test_a_command_whose_parent_is_gone_does_not_start(leases, tmp_path):
    assert leases("0", command=f"touch {tmp_path / 'ran'}", parent=1).wait() == 1
    assert not (tmp_path / "ran").exists()
    assert is_free("0")


def test_a_command_ends_with_its_parent(tmp_path):
    # Popen in a short-lived Python: the parent that starts the command and is then killed.
    code = (
        "import os, subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m',\n"
        "    'transgenic_dagster.executors.lease', '--parent', str(os.getpid()),\n"
        "    '--device', '0', '--', 'sh', '-c', 'echo $$; exec sleep 3600'])\n"
        "time.sleep(3600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        assert not is_free("0")
        parent.kill()
    wait_for(lambda: is_free("0"), "the end of the lease")
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end of the command")


def test_the_cpu_is_leased_too_and_leaves_cuda_alone(leases):
    process = leases("cpu", command="echo ${CUDA_VISIBLE_DEVICES-unset}; exec sleep 3600")
    assert process.stdout.readline() == "unset\n"
    assert not is_free("cpu")


def test_a_command_that_needs_no_device_takes_none(leases):
    assert leases(command="exit 7").wait() == 7
    assert not lock_file("cpu").exists()
