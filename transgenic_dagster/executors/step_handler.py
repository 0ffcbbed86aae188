"""Step handler: starts, watches and ends steps as jobs, for the GPU and the Slurm executor.

A step's own process reports its result to Dagster's event log. The handler starts that process,
notices when it ends without having reported (a retry policy then applies), and ends it.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dagster as dg

from transgenic_dagster.executors.dagster_private import (
    CheckStepHealthResult,
    DagsterEvent,
    DagsterEventType,
    EngineEventData,
    ExecutionPlan,
    ExecutionStep,
    PlanOrchestrationContext,
    RetryMode,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
    get_retries_config,
)

_STEP_PROCESS = "transgenic_dagster.executors.step_process"
_POLL_SECONDS = 0.5
_RESULTS = {
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_UP_FOR_RETRY,
}


class StepJob(Protocol):
    """Step that was started."""

    name: str
    """Name in messages, such as ``process 123``."""

    def ending(self) -> str | None:
        """Return how it ended, as a predicate (``was killed by SIGKILL``); None while it runs."""

    def ask_to_end(self) -> None:
        """Ask it to cancel itself."""

    def kill(self) -> None:
        """Kill it and everything that it started."""


StartStep = Callable[[dg.DagsterInstance, str, ExecutionStep, Sequence[str]], StepJob]
"""Starts a step, given instance, run id, step and command."""


def describe_exit(code: int) -> str:
    """Describe how a process ended, as ``StepJob.ending``.

    Args:
        code: its exit code, or minus the number of the signal that killed it.
    """
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code} and no result"


@dataclass
class _Attempt:
    """Attempt at a step.

    Args:
        job: the step's job.
        earlier_results: results that earlier attempts have reported.
    """

    job: StepJob
    earlier_results: int


class JobStepHandler(StepHandler):
    """Starts steps as jobs and watches them.

    Args:
        name: name of the executor.
        start: starts a step.
        grace_seconds: time from asking a step to end until it is killed.
    """

    def __init__(self, name: str, start: StartStep, grace_seconds: float) -> None:
        self._name = name
        self._start = start
        self._grace_seconds = grace_seconds
        self._attempts: dict[str, _Attempt] = {}

    @property
    def name(self) -> str:
        """Name of the executor."""
        return self._name

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Start an attempt at a step."""
        key = _step_key(step_handler_context)
        context = step_handler_context.get_step_context(key)
        arguments = list(step_handler_context.execute_step_args.get_command_args())
        command = [sys.executable, "-m", _STEP_PROCESS, *arguments[arguments.index("api") :]]
        earlier = _results(step_handler_context, key)
        job = self._start(step_handler_context.instance, context.run_id, context.step, command)
        self._attempts[key] = _Attempt(job, earlier)
        yield DagsterEvent.step_worker_starting(context, f"Started as {job.name}.", metadata={})

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Call a step healthy while it runs, and once it has reported its result."""
        key = _step_key(step_handler_context)
        attempt = self._attempts.get(key)
        if attempt is None:
            return CheckStepHealthResult.unhealthy("the process that watched it is gone")
        ending = attempt.job.ending()
        # In this order: a job that has ended reports nothing more.
        if ending is None or _results(step_handler_context, key) > attempt.earlier_results:
            return CheckStepHealthResult.healthy()
        attempt.job.kill()
        return CheckStepHealthResult.unhealthy(f"{attempt.job.name} {ending}")

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """End all steps: whoever ends one step of a run ends the run."""
        self.end_all()
        key = _step_key(step_handler_context)
        if key in self._attempts:  # it may have failed to start
            context = step_handler_context.get_step_context(key)
            message = f"Ended {self._attempts[key].job.name}."
            yield DagsterEvent.engine_event(context, message, EngineEventData())

    def end_all(self) -> None:
        """Ask all running steps to end, and kill those that have not ended in time."""
        running = [a.job for a in self._attempts.values() if a.job.ending() is None]
        for job in running:
            job.ask_to_end()
        deadline = time.monotonic() + self._grace_seconds
        while running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS / 5)
            running = [job for job in running if job.ending() is None]
        for job in running:
            job.kill()


class JobExecutor(StepDelegatingExecutor):
    """Runs every step of a run as a job, and leaves none behind.

    Args:
        handler: starts and watches the steps.
        retries: says whether retry policies apply.
    """

    def __init__(self, handler: JobStepHandler, retries: RetryMode) -> None:
        super().__init__(
            handler,
            retries=retries,
            sleep_seconds=_POLL_SECONDS,
            check_step_health_interval_seconds=0,
        )
        self._handler = handler

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run all steps of a plan."""
        try:
            yield from super().execute(plan_context, execution_plan)
        finally:
            self._handler.end_all()
            # Dagster keeps the pool slots of cancelled steps, as these might still run.
            plan_context.instance.event_log_storage.free_concurrency_slots_for_run(
                plan_context.run_id
            )


def job_config(grace_seconds: int) -> dict[str, dg.Field]:
    """Options that both executors of jobs have.

    Args:
        grace_seconds: default of the option of this name.
    """
    return {
        "retries": get_retries_config(),
        "grace_seconds": dg.Field(
            int, grace_seconds, description="seconds from asking a step to end until it is killed"
        ),
    }


def job_executor(context: dg.InitExecutorContext, start: StartStep) -> JobExecutor:
    """Make an executor, as configured, that starts steps with ``start``."""
    config: Mapping[str, Any] = context.executor_config
    handler = JobStepHandler(context.executor_def.name, start, config["grace_seconds"])
    return JobExecutor(handler, RetryMode.from_config(config["retries"]) or RetryMode.ENABLED)


def _step_key(context: StepHandlerContext) -> str:
    (key,) = context.execute_step_args.step_keys_to_execute or ()
    return key


def _results(context: StepHandlerContext, step_key: str) -> int:
    """Number of results that a step of this run has reported."""
    logged = context.instance.all_logs(context.execute_step_args.run_id, of_type=_RESULTS)
    return sum(entry.step_key == step_key for entry in logged)
