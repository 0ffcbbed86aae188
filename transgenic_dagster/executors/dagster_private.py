"""Private parts of Dagster that this package cannot do without, under plain names.

They may move with any release of Dagster; nothing else here imports from ``dagster._…``. When one
has moved, this is the place to follow it (``tests/executors/test_dagster_private.py`` says which).

- ``StepDelegatingExecutor``, ``StepHandler``, ``StepHandlerContext``, ``CheckStepHealthResult``:
  Dagster's way to run every step elsewhere, on which the GPU and Slurm executors are built.
- ``ExecutionPlan``, ``ExecutionStep``, ``PlanOrchestrationContext``: types of what that way hands
  over: the steps of a run (with their pools) and the run itself.
- ``DagsterEvent``, ``DagsterEventType``, ``EngineEventData``: messages to a run's event log, and
  the results that steps report there.
- ``InProcessExecutor``: all steps in the run's process; the public one cannot be wrapped.
- ``RetryMode``, ``get_retries_config``: the option ``retries`` that every executor has.
- ``GrpcServerCodeLocationOrigin``: the code server, which a sensor asks to load definitions again.
- ``UnresolvedAssetJobDefinition``: type of what ``dagster.define_asset_job`` returns.
- ``dagster_main``: the program ``dagster``, which a step's process becomes.
"""

from dagster._cli import main as dagster_main
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.events import DagsterEvent, DagsterEventType, EngineEventData
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.step_delegating.step_delegating_executor import StepDelegatingExecutor
from dagster._core.executor.step_delegating.step_handler.base import (
    CheckStepHealthResult,
    StepHandler,
    StepHandlerContext,
)
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin

__all__ = [
    "CheckStepHealthResult",
    "DagsterEvent",
    "DagsterEventType",
    "EngineEventData",
    "ExecutionPlan",
    "ExecutionStep",
    "GrpcServerCodeLocationOrigin",
    "InProcessExecutor",
    "PlanOrchestrationContext",
    "RetryMode",
    "StepDelegatingExecutor",
    "StepHandler",
    "StepHandlerContext",
    "UnresolvedAssetJobDefinition",
    "dagster_main",
    "get_retries_config",
]
