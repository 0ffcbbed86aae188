"""Executor of one machine: every step is a process, every GPU step has a device of its own.

Steps of the pool ``gpu`` (see ``pool``) wait for the lease of a device (see ``lease``); without a
GPU they run on the CPU, one at a time. Other steps start at once and share the machine.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import dagster as dg

from transgenic_dagster.executors.dagster_private import ExecutionStep
from transgenic_dagster.executors.devices import leasable_devices
from transgenic_dagster.executors.pool import limit_gpu_pool, needs_gpu
from transgenic_dagster.executors.step_handler import (
    JobExecutor,
    describe_exit,
    job_config,
    job_executor,
)

GRACE_SECONDS = 10


class ProcessJob:
    """Step in a process group of this machine.

    Args:
        command: program and arguments of the step.
        devices: candidates for its lease, of which it gets one; empty where it needs none.
    """

    def __init__(self, command: Sequence[str], devices: Sequence[str]) -> None:
        choices = [argument for device in devices for argument in ("--device", device)]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "transgenic_dagster.executors.lease"),
                *("--parent", str(os.getpid()), *choices, "--", *command),
            ],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.name = f"process {self._process.pid}"

    def ending(self) -> str | None:
        """Return how it ended, as ``StepJob.ending``."""
        code = self._process.poll()
        return None if code is None else describe_exit(code)

    def ask_to_end(self) -> None:
        """Send SIGTERM to the step, which then cancels itself."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill it and everything that it started."""
        with suppress(ProcessLookupError):  # nothing is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dg.executor(
    name="gpu",
    requirements=dg.multiple_process_executor_requirements(),
    config_schema=job_config(GRACE_SECONDS),
)
def gpu_executor(context: dg.InitExecutorContext) -> JobExecutor:
    """Run every step in a process of this machine, each GPU step on a GPU of its own."""
    devices = leasable_devices()
    limit_gpu_pool(context.instance, len(devices))

    def start(
        _instance: dg.DagsterInstance, _run_id: str, step: ExecutionStep, command: Sequence[str]
    ) -> ProcessJob:
        return ProcessJob(command, devices if needs_gpu(step) else ())

    return job_executor(context, start)
