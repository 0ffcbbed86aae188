"""Small jobs whose steps tell what they see, in files of the folder that ``TOY_FOLDER`` names.

Steps meet: one that waits for a file of another goes on only if both run at the same time.

    python -m tests.executors.toy_job NAME     runs a job, with the instance of DAGSTER_HOME
"""

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._utils.interrupts import capture_interrupts

from tests.waiting import PATIENCE_SECONDS, wait_for
from transgenic_dagster.executors.choice import GPU_POOL, chosen_executor
from transgenic_dagster.system.devices import CPU, leased_gpu, try_to_lease

RETRY = dg.RetryPolicy(max_retries=1)
ENDLESS_SECONDS = 10 * PATIENCE_SECONDS
IMPORTED = "anew"
"""What a step finds here, unless the process that it comes from has changed it."""


def folder() -> Path:
    return Path(os.environ["TOY_FOLDER"])


def tell(name: str, text: str = "") -> None:
    (folder() / f".{name}").write_text(text)
    (folder() / f".{name}").rename(folder() / name)


def heard(pattern: str) -> list[str]:
    return [path.read_text() for path in sorted(folder().glob(pattern))]


def device() -> str:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "none")


@contextmanager
def alone_on_device():
    """Fail where another step uses the same device."""
    busy = folder() / f"busy-{device()}"
    busy.touch(exist_ok=False)
    try:
        yield
    finally:
        busy.unlink()


def gpu_step(name: str) -> dg.OpDefinition:
    """A step that needs a partner on another device, and a CPU step, at the same time."""

    @dg.op(name=name, pool=GPU_POOL)
    def step() -> None:
        with leased_gpu(), alone_on_device():
            tell(name, device())
            wait_for(lambda: len(heard("gpu_*")) >= 2 and heard("cpu"), "the partners")

    return step


@dg.op
def cpu_step() -> None:
    wait_for(lambda: len(heard("busy-*")) == 2, "both devices in use")
    tell("cpu", device())


@dg.job(executor_def=chosen_executor())
def four_gpu_steps():
    for letter in "abcd":
        gpu_step(f"gpu_{letter}")()
    cpu_step()


def lonely_step(name: str) -> dg.OpDefinition:
    @dg.op(name=name, pool=GPU_POOL)
    def step() -> None:
        with leased_gpu():
            assert try_to_lease(CPU) is None, "the lease of the CPU is free"
            tell(name, device())

    return step


@dg.job(executor_def=chosen_executor())
def two_lonely_steps():
    lonely_step("lonely_a")()
    lonely_step("lonely_b")()


@dg.op(pool=GPU_POOL, retry_policy=RETRY)
def killed_once(context: dg.OpExecutionContext) -> None:
    with leased_gpu():
        tell(f"attempt_{context.retry_number}", device())
        if context.retry_number == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dg.job(executor_def=chosen_executor())
def killed_and_retried():
    killed_once()


@dg.op(pool=GPU_POOL)
def killed_always() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dg.job(executor_def=chosen_executor())
def killed_for_good():
    killed_always()


@dg.op(pool=GPU_POOL)
def endless() -> None:
    with leased_gpu():
        tell("pid", str(os.getpid()))
        time.sleep(ENDLESS_SECONDS)


@dg.op(pool=GPU_POOL)
def stubborn() -> None:
    """Cannot be interrupted, like a long call into a library."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    tell("stubborn_pid", str(os.getpid()))
    time.sleep(ENDLESS_SECONDS)


@dg.job(executor_def=chosen_executor())
def never_ending():
    endless()


@dg.job(executor_def=chosen_executor())
def willing_and_stubborn():
    endless()
    stubborn()


@dg.op(pool=GPU_POOL)
def quick() -> None:
    tell("pid", str(os.getpid()))
    tell("imported", IMPORTED)


@dg.job(executor_def=chosen_executor())
def one_quick_step():
    quick()


def main() -> None:
    with capture_interrupts(), dg.DagsterInstance.get() as instance:
        dg.execute_job(dg.reconstructable(globals()[sys.argv[1]]), instance=instance)


if __name__ == "__main__":
    # Steps import the job's module by its name, which must not be __main__.
    from tests.executors import toy_job

    toy_job.main()
