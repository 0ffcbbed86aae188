"""The pool ``gpu``, by which a step says that it needs a GPU.

    @dg.asset(pool=GPU_POOL)

The executors give such a step a device of its own. In the pool, steps of all runs queue for the
devices; its limit is the number of devices, set by the executor when a run starts.
"""

import dagster as dg

from transgenic_dagster.executors.dagster_private import ExecutionStep

GPU_POOL = "gpu"


def needs_gpu(step: ExecutionStep) -> bool:
    """Return whether a step belongs to the pool."""
    return step.pool == GPU_POOL


def limit_gpu_pool(instance: dg.DagsterInstance, limit: int | None) -> None:
    """Set how many steps of the pool may run at once, over all runs of an instance.

    Args:
        instance: Dagster instance that has the pool.
        limit: number of steps; None for no limit.
    """
    storage = instance.event_log_storage
    limits = {pool.name: pool.limit for pool in storage.get_pool_limits() if not pool.from_default}
    if limits.get(GPU_POOL) == limit:
        return
    if limit is None:
        storage.delete_concurrency_limit(GPU_POOL)
    else:
        storage.set_concurrency_slots(GPU_POOL, limit)
