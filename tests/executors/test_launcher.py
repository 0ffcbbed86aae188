"""The run launcher: whether the process of a run is there, and the end of a run without one."""

import signal
import subprocess
import sys

import dagster as dg
import pytest

from transgenic_dagster.executors.dagster_private import WorkerStatus
from transgenic_dagster.executors.launcher import WatchedRunLauncher


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


@pytest.fixture
def launcher(instance):
    made = WatchedRunLauncher()
    made.register_instance(instance)
    return made


@pytest.fixture
def worker():
    """The process of a run, which waits."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as process:
        yield process
        process.kill()


def run_of(instance, process):
    """A run that has said, as Dagster's code server makes it say, which process it is."""
    run = dg.DagsterRun(job_name="job", status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    instance.report_engine_event(f"Started process for run (pid: {process}).", run)
    return run


def test_a_run_whose_process_lives_is_healthy_though_its_server_is_gone(instance, launcher, worker):
    run = run_of(instance, worker.pid)
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_run_whose_process_is_gone_has_failed(instance, launcher, worker):
    run = run_of(instance, worker.pid)
    worker.kill()
    worker.wait()
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED


def test_another_process_of_the_same_number_is_not_the_run(instance, launcher, worker, monkeypatch):
    run = run_of(instance, worker.pid)
    later = 2 * 10**9
    monkeypatch.setattr("transgenic_dagster.executors.launcher.start_of", lambda _: float(later))
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED


def test_terminate_ends_a_run_whose_process_is_gone_at_once(instance, launcher, worker):
    run = run_of(instance, worker.pid)
    worker.kill()
    worker.wait()
    assert launcher.terminate(run.run_id)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED


def test_terminate_interrupts_a_process_whose_server_is_gone(instance, launcher, worker):
    run = run_of(instance, worker.pid)
    assert launcher.terminate(run.run_id)
    assert worker.wait() in {-signal.SIGINT, 1}
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELING
