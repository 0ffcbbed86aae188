import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.executors import toy_job
from tests.executors.toy_job import heard
from tests.executors.toy_runs import alive, failures, start_worker, toy_instance
from tests.one_node_slurm import one_node_slurm, why_not
from tests.waiting import wait_for
from transgenic_dagster.errors import MissingOnMachineError, UsageError
from transgenic_dagster.executors.slurm import slurm_executor
from transgenic_dagster.system.slurm import PROGRAMS

needs_slurm = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder, one_node_slurm(Path(folder)) as environment:
        yield environment


@pytest.fixture
def instance(
    slurm: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    for name, value in slurm.items():
        monkeypatch.setenv(name, value)
    with toy_instance(tmp_path, monkeypatch, executor="slurm") as opened:
        yield opened


def jobs() -> list[str]:
    """Names of the jobs that wait or run."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--format=%j"], capture_output=True, text=True, check=True
    )
    return listed.stdout.split()


@needs_slurm
def test_gpu_steps_get_gpus_from_slurm_and_cpu_steps_do_not_wait(instance):
    assert start_worker(toy_job.four_gpu_steps).wait() == 0
    assert set(heard("gpu_*")) == {"0", "1"}
    assert heard("cpu")[0] not in {"0", "1"}
    assert jobs() == []


@needs_slurm
def test_a_refused_job_fails_its_step_and_says_why(instance, monkeypatch):
    monkeypatch.setenv("TRANSGENIC_SLURM_PARTITION", "nowhere")
    monkeypatch.setenv("TRANSGENIC_SLURM_WALLTIME", "00:01:00")
    start_worker(toy_job.killed_for_good).wait()
    (run,) = instance.get_runs()
    (message,) = failures(instance, run.run_id)
    assert "Slurm job was refused: sbatch: error: invalid partition specified: nowhere" in message


@needs_slurm
def test_jobs_of_a_killed_run_are_cancelled_when_the_next_run_starts(instance):
    worker = start_worker(toy_job.never_ending)
    wait_for(lambda: heard("pid"), "the step", by=worker)
    worker.kill()
    worker.wait()
    (killed,) = instance.get_runs()
    assert jobs() == [f"transgenic-{killed.run_id}-endless"]
    instance.report_run_failed(killed)  # what Dagster does when it misses the process
    start_worker(toy_job.killed_for_good).wait()
    assert jobs() == []
    assert not alive(int(heard("pid")[0]))


def make_executor(folder: Path, **config: str) -> dg.Executor:
    defaults = {"partition": "", "walltime": "", "options": "", "gpu_options": "", "retries": {}}
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        context = dg.InitExecutorContext(
            job=dg.reconstructable(toy_job.never_ending),
            executor_def=slurm_executor,
            executor_config=defaults | config,
            instance=instance,
        )
        return slurm_executor.executor_creation_fn(context)


def test_a_machine_without_slurm_is_told_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingOnMachineError, match="needs sbatch, squeue, scancel"):
        make_executor(tmp_path)


def test_options_that_cannot_be_read_are_refused(monkeypatch, tmp_path):
    for name in PROGRAMS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(UsageError, match=r"gpu_options are .*: No closing quotation; quote them"):
        make_executor(tmp_path, gpu_options="--comment='our GPUs")
