"""Executor of a cluster: every step is a Slurm job, GPU steps get their GPU from Slurm.

Needs the lab's folder and ``DAGSTER_HOME`` on a file system that all nodes share, the same
installation on all nodes, and ``sbatch``, ``squeue`` and ``scancel`` where Dagster runs.
Accounting (``sacct``) is not used: many clusters have none.

Environment variables set the defaults of a run's configuration, for runs that nobody configures
(those of sensors and conditions). ``sbatch`` reads variables of its own as well, such as
``SBATCH_ACCOUNT`` and ``SBATCH_QOS``.
"""

import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from transgenic_dagster.executors.dagster_private import (
    CheckStepHealthResult,
    DagsterEventType,
    EngineEventData,
    RetryMode,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
    get_retries_config,
)
from transgenic_dagster.system.devices import GIVEN_VARIABLE
from transgenic_dagster.system.slurm import (
    JOB_NAME,
    SlurmJob,
    SlurmQueue,
    cancel_jobs,
    check_programs,
    sbatch_options,
)

GRACE_SECONDS = 60
"""Longer than Slurm's own KillWait (30 s), so that Slurm does the killing."""
_POLL_SECONDS = 0.5
_RESULTS = {
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY,
}


class SlurmStepHandler(StepHandler):
    """Starts steps as Slurm jobs and watches them.

    A step's own process reports its result to Dagster's event log. The handler notices when it
    ends without having reported (a retry policy then applies), and ends it.

    Args:
        config: of the executor.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self._options = {gpu: sbatch_options(config, gpu=gpu) for gpu in (False, True)}
        self._grace_seconds = config["grace_seconds"]
        self._queue = SlurmQueue(config["poll_seconds"])
        self._attempts: dict[str, tuple[SlurmJob, int]] = {}
        """Present attempt at each step, and the results that earlier ones have reported."""

    @property
    def name(self) -> str:
        """Name of the executor."""
        return "slurm"

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Submit an attempt at a step."""
        key = _step_key(step_handler_context)
        context: Any = step_handler_context.get_step_context(key)
        command = step_handler_context.execute_step_args.get_command_args()
        log = _log_file(step_handler_context.instance, context.run_id, key)
        earlier = _results(step_handler_context, key)
        job = SlurmJob.submit(
            f"#!/bin/sh\nexport {GIVEN_VARIABLE}=1\nexec {shlex.join(command)}\n",
            f"{JOB_NAME}-{context.run_id}-{key}",
            self._options[context.step.pool is not None],
            self._queue,
            log,
        )
        self._attempts[key] = job, earlier
        yield dg.DagsterEvent.step_worker_starting(context, f"Started as {job.name}.", metadata={})

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Call a step healthy while it runs, and once it has reported its result."""
        key = _step_key(step_handler_context)
        if key not in self._attempts:
            return CheckStepHealthResult.unhealthy("the process that watched it is gone")
        job, earlier = self._attempts[key]
        ending = job.ending()
        # In this order: a job that has ended reports nothing more.
        if ending is None or _results(step_handler_context, key) > earlier:
            return CheckStepHealthResult.healthy()
        job.kill()
        return CheckStepHealthResult.unhealthy(f"{job.name} {ending}")

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """End all steps: whoever ends one step of a run ends the run."""
        self.end_all()
        key = _step_key(step_handler_context)
        if key in self._attempts:  # it may have failed to start
            context = step_handler_context.get_step_context(key)
            message = f"Ended {self._attempts[key][0].name}."
            yield dg.DagsterEvent.engine_event(context, message, EngineEventData())

    def end_all(self) -> None:
        """Ask all running steps to end, and kill those that have not ended in time."""
        running = [job for job, _ in self._attempts.values() if job.ending() is None]
        for job in running:
            job.ask_to_end()
        deadline = time.monotonic() + self._grace_seconds
        while running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS / 5)
            running = [job for job in running if job.ending() is None]
        for job in running:
            job.kill()


class SlurmExecutor(StepDelegatingExecutor):
    """Runs every step of a run as a job, and leaves none behind.

    Args:
        handler: starts and watches the steps.
        retries: says whether retry policies apply.
    """

    def __init__(self, handler: SlurmStepHandler, retries: RetryMode) -> None:
        super().__init__(
            handler,
            retries=retries,
            sleep_seconds=_POLL_SECONDS,
            check_step_health_interval_seconds=0,
        )
        self._handler = handler

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """Run all steps of a plan."""
        try:
            yield from super().execute(plan_context, execution_plan)
        finally:
            self._handler.end_all()
            # Dagster keeps the pool slots of cancelled steps, as these might still run.
            plan_context.instance.event_log_storage.free_concurrency_slots_for_run(
                plan_context.run_id
            )


def _text_option(variable: str, default: str, text: str) -> dg.Field:
    """Text option whose default an environment variable sets."""
    return dg.Field(str, os.environ.get(variable, default), description=f"{text} ({variable})")


@dg.executor(
    name="slurm",
    requirements=dg.multiple_process_executor_requirements(),
    config_schema={
        "retries": get_retries_config(),
        "grace_seconds": dg.Field(
            int, GRACE_SECONDS, description="seconds from asking a step to end until it is killed"
        ),
        "partition": _text_option("TRANSGENIC_SLURM_PARTITION", "", "partition of all jobs"),
        "walltime": _text_option(
            "TRANSGENIC_SLURM_WALLTIME", "", "time limit of every job, as sbatch --time takes it"
        ),
        "gpu_options": _text_option(
            "TRANSGENIC_SLURM_GPU_OPTIONS", "--gres=gpu:1", "sbatch options of GPU steps"
        ),
        "options": _text_option(
            "TRANSGENIC_SLURM_OPTIONS", "", "further sbatch options of all jobs"
        ),
        "poll_seconds": dg.Field(
            float, 5.0, description="seconds between two queries of the states of jobs"
        ),
    },
)
def slurm_executor(context: dg.InitExecutorContext) -> SlurmExecutor:
    """Run every step as a Slurm job; each GPU step asks Slurm for a GPU."""
    check_programs()
    _cancel_orphaned_jobs(context.instance)
    config: Mapping[str, Any] = context.executor_config
    retries = RetryMode.from_config(config["retries"]) or RetryMode.ENABLED
    return SlurmExecutor(SlurmStepHandler(config), retries)


def _step_key(context: StepHandlerContext) -> str:
    (key,) = context.execute_step_args.step_keys_to_execute or ()
    return key


def _log_file(instance: dg.DagsterInstance, run_id: str, step_key: str) -> Path:
    """File of a job's output outside its step; Slurm fills in ``%j``."""
    folder = Path(instance.root_directory) / "slurm" / run_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', step_key)}-%j.log"


def _results(context: StepHandlerContext, step_key: str) -> int:
    """Number of results that a step of this run has reported."""
    logged = context.instance.all_logs(context.execute_step_args.run_id, of_type=_RESULTS)
    return sum(entry.step_key == step_key for entry in logged)


def _cancel_orphaned_jobs(instance: dg.DagsterInstance) -> None:
    """Cancel jobs of runs that have ended: a killed run leaves its jobs behind."""

    def ended(name: str) -> bool:
        match = re.match(rf"{JOB_NAME}-([0-9a-f-]{{36}})-", name)
        run = instance.get_run_by_id(match[1]) if match else None
        return run is not None and run.is_finished

    cancel_jobs(ended)
