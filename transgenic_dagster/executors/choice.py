"""Choice of the executor that runs the steps: the environment variable ``TRANSGENIC_EXECUTOR``."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg

from transgenic_dagster.errors import UsageError
from transgenic_dagster.executors.slurm import slurm_executor
from transgenic_dagster.system.devices import leasable_devices

EXECUTOR_VARIABLE = "TRANSGENIC_EXECUTOR"
GPU_POOL = "gpu"
"""Pool of the steps that need a GPU; those of all runs queue for the devices."""
_OWN_LIMIT = "transgenic-dagster/gpu-pool-limit"
_APART: Any = dg.multiprocess_executor
_WITHIN: Any = dg.in_process_executor


class GpuExecutor(dg.Executor):
    """Gives steps that need a GPU processes of their own; others run in the process of their run.

    Starting a process takes seconds, which small assemblies have no use for.

    Args:
        apart: Dagster's executor with processes.
        within: Dagster's executor without.
    """

    def __init__(self, apart: dg.Executor, within: dg.Executor) -> None:
        self._apart, self._within = apart, within

    @property
    def retries(self) -> Any:
        """Whether retry policies apply."""
        return self._apart.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """Run all steps of a plan."""
        needs_gpu = any(step.pool for step in execution_plan.get_steps_to_execute_in_topo_order())
        executor = self._apart if needs_gpu else self._within
        yield from executor.execute(plan_context, execution_plan)


@dg.executor(
    name="gpu",
    config_schema=_APART.config_schema,
    requirements=dg.multiple_process_executor_requirements(),
)
def gpu_executor(context: dg.InitExecutorContext) -> GpuExecutor:
    """Run steps that need a GPU in processes of their own, others in the process of their run."""
    return GpuExecutor(*(one.executor_creation_fn(context) for one in (_APART, _WITHIN)))


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
