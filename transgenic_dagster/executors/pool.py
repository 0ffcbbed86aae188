"""How a step says that it needs a GPU: it belongs to the pool ``gpu``.

    @dg.asset(pool=GPU_POOL)

The executors give such a step a device of its own. The pool makes steps of all runs queue for
the devices; its limit is their number, set by the executor when a run starts.
"""

import dagster as dg
from dagster._core.execution.plan.step import ExecutionStep

GPU_POOL = "gpu"


def needs_gpu(step: ExecutionStep) -> bool:
    """Whether a step belongs to the pool."""
    return step.pool == GPU_POOL


def limit_gpu_pool(instance: dg.DagsterInstance, limit: int | None) -> None:
    """Say how many steps of the pool may run at once, over all runs of an instance.

    Args:
        instance: where the pool is.
        limit: number of steps; None for any number.
    """
    storage = instance.event_log_storage
    limits = {pool.name: pool.limit for pool in storage.get_pool_limits() if not pool.from_default}
    if limits.get(GPU_POOL) == limit:
        return
    if limit is None:
        storage.delete_concurrency_limit(GPU_POOL)
    else:
        storage.set_concurrency_slots(GPU_POOL, limit)
