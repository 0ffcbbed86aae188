"""Running toy jobs, and looking at what they leave behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from transgenic_dagster.executors.choice import limit_gpu_pool
from transgenic_dagster.system.devices import leasable_devices, try_to_lease


@contextmanager
def toy_instance(
    folder: Path, monkeypatch: pytest.MonkeyPatch, executor: str = "gpu"
) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance, and an environment for jobs with two faked devices."""
    for name in ("toys", "dagster", "leases"):
        (folder / name).mkdir()
    monkeypatch.setenv("TOY_FOLDER", str(folder / "toys"))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "dagster"))
    monkeypatch.setenv("TRANSGENIC_LEASES", str(folder / "leases"))
    monkeypatch.setenv("TRANSGENIC_GPU_DEVICES", "0,1")
    monkeypatch.setenv("TRANSGENIC_EXECUTOR", executor)
    monkeypatch.setenv("DAGSTER_MULTIPROCESS_EXECUTOR_MAX_CONCURRENT", "4")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with dg.DagsterInstance.from_config(str(folder / "dagster")) as instance:
        limit_gpu_pool(instance)
        yield instance


def start_worker(job: dg.JobDefinition) -> "subprocess.Popen[bytes]":
    """Run a job in a process of its own, as Dagster's run launcher does."""
    return subprocess.Popen([sys.executable, "-m", "tests.executors.toy_job", job.name])


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
