import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.orchestration import toy_job
from tests.orchestration.toy_job import heard, wait_for
from transgenic_dagster.orchestration.device_lease import lock_file, try_to_lease
from transgenic_dagster.orchestration.devices import leasable_devices

SECONDS_UNTIL_FREE = 10


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name in ("toys", "dagster", "leases"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TOY_FOLDER", str(tmp_path / "toys"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("TRANSGENIC_LEASES", str(tmp_path / "leases"))
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0,1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as opened:
        yield opened


def run(job: dg.JobDefinition, instance: dg.DagsterInstance) -> dg.JobExecutionResult:
    return dg.execute_job(dg.reconstructable(job), instance=instance)


def start_worker(job: dg.JobDefinition) -> "subprocess.Popen[bytes]":
    """Run a job in a process of its own, as Dagster's run launcher does."""
    return subprocess.Popen([sys.executable, "-m", "tests.orchestration.toy_job", job.name])


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_devices_are_free() -> bool:
    leases = [try_to_lease(device) for device in leasable_devices()]
    for lease in leases:
        if lease is not None:
            os.close(lease)
    return None not in leases


def claimed_places(instance: dg.DagsterInstance) -> int:
    return instance.event_log_storage.get_concurrency_info("gpu").active_slot_count


def failures(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    logged = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [entry.dagster_event.event_specific_data.error.message for entry in logged]


def test_gpu_steps_share_two_devices_and_cpu_steps_do_not_wait(instance):
    assert run(toy_job.four_gpu_steps, instance).success
    # Every step would have failed with another on its device, and waited in vain for a partner
    # on the other one, or for the CPU step while both devices were busy.
    assert set(heard("gpu_*")) == {"0", "1"}
    assert heard("cpu") == ["none"]
    assert instance.event_log_storage.get_concurrency_info("gpu").slot_count == 2
    assert claimed_places(instance) == 0


def test_without_gpus_gpu_steps_run_on_the_cpu_one_at_a_time(instance, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "")
    assert run(toy_job.two_lonely_steps, instance).success
    assert heard("lonely_*") == ["none", "none"]
    assert instance.event_log_storage.get_concurrency_info("gpu").slot_count == 1


def test_a_killed_step_is_retried_with_a_new_lease_and_leaves_nothing(instance, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0")
    assert run(toy_job.killed_and_retried, instance).success
    assert heard("attempt_*") == ["0", "0"]
    assert not alive(int(heard("child")[0]))
    assert all_devices_are_free()


def test_a_step_killed_for_good_fails_its_run_and_says_why(instance):
    result = run(toy_job.killed_for_good, instance)
    assert not result.success
    (message,) = failures(instance, result.run_id)
    assert "was killed by SIGKILL" in message
    assert claimed_places(instance) == 0


@pytest.mark.parametrize("job", [toy_job.never_ending, toy_job.never_ending_whatever_comes])
def test_a_cancelled_run_ends_its_steps_within_the_grace_time(instance, job):
    worker = start_worker(job)
    wait_for(lambda: len(heard("*pid")) == len(job.nodes))
    (cancelled,) = instance.get_runs()
    instance.report_run_canceling(cancelled)  # what Dagster's run launcher does before
    worker.send_signal(signal.SIGTERM)
    began = time.monotonic()
    worker.wait(timeout=SECONDS_UNTIL_FREE)
    assert time.monotonic() - began < SECONDS_UNTIL_FREE
    assert not any(alive(int(pid)) for pid in heard("*pid"))
    assert all_devices_are_free()
    assert claimed_places(instance) == 0
    (cancelled,) = instance.get_runs()
    assert cancelled.status == dg.DagsterRunStatus.CANCELED


def test_a_killed_run_leaves_no_process_and_no_lease(instance):
    worker = start_worker(toy_job.never_ending)
    wait_for(lambda: heard("pid"))
    assert not all_devices_are_free()
    worker.kill()
    worker.wait()
    assert wait_for(all_devices_are_free, SECONDS_UNTIL_FREE) < SECONDS_UNTIL_FREE
    assert wait_for(lambda: not alive(int(heard("pid")[0])), SECONDS_UNTIL_FREE) < 10
    assert lock_file("0").exists()
