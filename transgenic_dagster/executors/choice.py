"""Choice of the executor that runs the steps: the environment variable ``TRANSGENIC_EXECUTOR``."""

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.dagster_private import (
    InProcessExecutor,
    RetryMode,
    get_retries_config,
)
from transgenic_dagster.executors.gpu import gpu_executor
from transgenic_dagster.executors.pool import limit_gpu_pool
from transgenic_dagster.executors.slurm import slurm_executor

EXECUTOR_VARIABLE = "TRANSGENIC_EXECUTOR"


@dg.executor(name="in_process", config_schema={"retries": get_retries_config()})
def in_process_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Run all steps in the run's own process, for debugging; GPU steps of all runs take turns."""
    limit_gpu_pool(context.instance, 1)
    config: Mapping[str, Any] = context.executor_config
    return InProcessExecutor(RetryMode.from_config(config["retries"]) or RetryMode.ENABLED)


EXECUTORS = {
    "gpu": gpu_executor,
    "slurm": slurm_executor,
    "in_process": in_process_executor,
}


def chosen_executor() -> dg.ExecutorDefinition:
    """Return the executor that ``TRANSGENIC_EXECUTOR`` names; ``gpu`` by default.

    Raises:
        UsageError: no executor has that name.
    """
    name = os.environ.get(EXECUTOR_VARIABLE) or "gpu"
    if name not in EXECUTORS:
        raise UsageError(
            f"{EXECUTOR_VARIABLE}={name}: is not an executor; choose one of {', '.join(EXECUTORS)}."
        )
    return EXECUTORS[name]
