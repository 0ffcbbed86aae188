"""Private parts of Dagster that this package cannot do without, under plain names.

They may move with any release of Dagster; nothing else here imports from ``dagster._…``. When one
has moved, this is the place to follow it (``tests/executors/test_dagster_private.py`` says which).

- ``StepDelegatingExecutor``, ``StepHandler``, ``StepHandlerContext``, ``CheckStepHealthResult``:
  Dagster's way to run every step elsewhere, on which the Slurm executor is built.
- ``DagsterEventType``, ``EngineEventData``: messages to a run's event log, and the results that
  steps report there.
- ``RetryMode``, ``get_retries_config``: the option ``retries`` that every executor has.
- ``CheckRunHealthResult``, ``WorkerStatus``: what a run launcher answers about a run's process.
- ``AssetCheckEvaluationTargetMaterializationData``: what a check that is reported was made on.
"""

from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.events import DagsterEventType, EngineEventData
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
)
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

__all__ = [
    "AssetCheckEvaluationTargetMaterializationData",
    "CheckRunHealthResult",
    "CheckStepHealthResult",
    "DagsterEventType",
    "EngineEventData",
    "RetryMode",
    "StepDelegatingExecutor",
    "StepHandler",
    "StepHandlerContext",
    "WorkerStatus",
    "get_retries_config",
]
