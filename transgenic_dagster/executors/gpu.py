"""The executor of one machine: every step a process, every GPU step on a device of its own.

Steps of the pool ``gpu`` (see ``gpu_pool``) run through ``device_lease``; without a GPU they run
on the CPU one at a time. Other steps start at once and share the machine.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import dagster as dg
from dagster._core.execution.plan.step import ExecutionStep

from transgenic_dagster.executors.devices import leasable_devices
from transgenic_dagster.executors.pool import limit_gpu_pool, needs_gpu
from transgenic_dagster.executors.step_handler import (
    JobExecutor,
    exit_sentence,
    job_config,
    job_executor,
)

GRACE_SECONDS = 10


class StepProcess:
    """A step in a process, or group of processes, of this machine.

    Args:
        command: what runs it.
        devices: those that it may use one of; empty where it needs none.
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
        """How it ended, None while it runs."""
        code = self._process.poll()
        return None if code is None else exit_sentence(code)

    def ask_to_end(self) -> None:
        """Have it cancel itself."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, with all that it started."""
        with suppress(ProcessLookupError):  # nothing is left
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dg.executor(
    name="gpu",
    requirements=dg.multiple_process_executor_requirements(),
    config_schema=job_config(GRACE_SECONDS),
)
def gpu_executor(context: dg.InitExecutorContext) -> JobExecutor:
    """Run every step in a process of this machine; GPU steps each on a GPU of their own."""
    devices = leasable_devices()
    limit_gpu_pool(context.instance, len(devices))

    def start(
        _instance: dg.DagsterInstance, _run_id: str, step: ExecutionStep, command: Sequence[str]
    ) -> StepProcess:
        return StepProcess(command, devices if needs_gpu(step) else ())

    return job_executor(context, start)
