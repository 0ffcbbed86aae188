import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.executors import toy_job
from tests.executors.toy_job import heard
from tests.executors.toy_runs import (
    alive,
    all_devices_are_free,
    claimed_places,
    start_worker,
    toy_instance,
)
from tests.waiting import PATIENCE_SECONDS, wait_for
from transgenic_dagster.executors.choice import limit_gpu_pool


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    with toy_instance(tmp_path, monkeypatch) as opened:
        yield opened


def run(job: dg.JobDefinition, instance: dg.DagsterInstance) -> dg.JobExecutionResult:
    return dg.execute_job(dg.reconstructable(job), instance=instance)


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
    limit_gpu_pool(instance)
    assert run(toy_job.two_lonely_steps, instance).success
    assert heard("lonely_*") == ["none", "none"]
    assert instance.event_log_storage.get_concurrency_info("gpu").slot_count == 1


def test_steps_have_processes_of_their_own_that_know_what_their_run_has_imported(
    instance, monkeypatch
):
    monkeypatch.setattr(toy_job, "IMPORTED", "by this process")
    assert run(toy_job.one_quick_step, instance).success
    assert heard("pid") != [str(os.getpid())]
    assert heard("imported") == ["by this process"]


def test_a_killed_step_is_retried_with_a_new_lease_and_leaves_nothing(instance, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0")
    assert run(toy_job.killed_and_retried, instance).success
    assert heard("attempt_*") == ["0", "0"]
    assert all_devices_are_free()


def test_a_step_killed_for_good_fails_its_run_and_says_why(instance):
    result = run(toy_job.killed_for_good, instance)
    assert not result.success
    logged = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    assert any("was terminated by signal 9 (SIGKILL)" in entry.message for entry in logged)
    assert claimed_places(instance) == 0


def test_a_cancelled_run_leaves_no_process_and_no_lease(instance):
    worker = start_worker(toy_job.never_ending)
    wait_for(lambda: heard("pid"), "the step", by=worker)
    (cancelled,) = instance.get_runs()
    instance.report_run_canceling(cancelled)  # what Dagster's run launcher does before
    worker.send_signal(signal.SIGTERM)
    worker.wait(PATIENCE_SECONDS)
    assert not alive(int(heard("pid")[0]))
    assert all_devices_are_free()
    assert claimed_places(instance) == 0
    (cancelled,) = instance.get_runs()
    assert cancelled.status == dg.DagsterRunStatus.CANCELED


def test_a_killed_run_leaves_no_process_and_no_lease(instance):
    worker = start_worker(toy_job.never_ending)
    wait_for(lambda: heard("pid"), "the step", by=worker)
    assert not all_devices_are_free()
    worker.kill()
    worker.wait()
    wait_for(all_devices_are_free, "the end of the lease")
    wait_for(lambda: not alive(int(heard("pid")[0])), "the end of the step")


def test_the_limit_of_an_administrator_stays(instance, monkeypatch):
    storage = instance.event_log_storage
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0,1,2")
    limit_gpu_pool(instance)  # one device more, and nobody has set anything
    assert storage.get_concurrency_info("gpu").slot_count == 3
    storage.set_concurrency_slots("gpu", 1)
    limit_gpu_pool(instance)
    assert run(toy_job.one_quick_step, instance).success
    assert storage.get_concurrency_info("gpu").slot_count == 1
