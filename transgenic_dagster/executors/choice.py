"""Choice of the executor that runs the steps: the environment variable ``TRANSGENIC_EXECUTOR``."""

import os
from typing import Any

import dagster as dg

from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.slurm import slurm_executor
from transgenic_dagster.system.devices import leasable_devices

EXECUTOR_VARIABLE = "TRANSGENIC_EXECUTOR"
GPU_POOL = "gpu"
"""Pool of the steps that need a GPU; those of all runs queue for the devices."""
_OWN_LIMIT = "transgenic-dagster/gpu-pool-limit"
_STOCK: Any = dg.multiprocess_executor


@dg.executor(
    name="gpu",
    config_schema=_STOCK.config_schema,
    requirements=dg.multiple_process_executor_requirements(),
)
def gpu_executor(context: dg.InitExecutorContext) -> dg.Executor:
    """Run every step in a process of its own, a fork of its run's: a new program takes seconds.

    The process of a run has no other thread at work, and never loads the model.
    """
    forking = {**context.executor_config, "start_method": {"fork": {}}}
    executor: dg.Executor = _STOCK.executor_creation_fn(context._replace(executor_config=forking))
    return executor


EXECUTORS = {
    "gpu": gpu_executor,
    "slurm": slurm_executor,
    "in_process": dg.in_process_executor,
}


def chosen_executor() -> dg.ExecutorDefinition:
    """Return the executor that ``TRANSGENIC_EXECUTOR`` names; ``gpu`` by default.

    Raises:
        UsageError: no executor has that name.
    """
    return EXECUTORS[_chosen()]


def limit_gpu_pool(instance: dg.DagsterInstance) -> None:
    """Limit the pool to the devices of this machine, unless an administrator has set a limit.

    Slurm has a queue of its own; with it the pool has no limit.

    Raises:
        UsageError: a variable holds something that cannot name a device or an executor.
    """
    storage, notes = instance.event_log_storage, instance.daemon_cursor_storage
    limits = {pool.name: pool.limit for pool in storage.get_pool_limits() if not pool.from_default}
    present = limits.get(GPU_POOL)
    own = notes.get_cursor_values({_OWN_LIMIT}).get(_OWN_LIMIT)
    wanted = None if _chosen() == "slurm" else len(leasable_devices())
    if present == wanted or (present is not None and str(present) != own):
        return
    if wanted is None:
        storage.delete_concurrency_limit(GPU_POOL)
    else:
        storage.set_concurrency_slots(GPU_POOL, wanted)
    notes.set_cursor_values({_OWN_LIMIT: str(wanted)})


def _chosen() -> str:
    name = os.environ.get(EXECUTOR_VARIABLE) or "gpu"
    if name not in EXECUTORS:
        raise UsageError(
            f"{EXECUTOR_VARIABLE}={name}: is not an executor; choose one of {', '.join(EXECUTORS)}."
        )
    return name
