"""Jobs of Slurm, as one user sees them."""

import logging
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import MissingOnMachineError, UsageError

PROGRAMS = ("sbatch", "squeue", "scancel")
JOB_NAME = "transgenic"
_ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "LAUNCH_FAILED", "NODE_FAIL"),
    *("OUT_OF_MEMORY", "PREEMPTED", "RECONFIG_FAIL", "REVOKED", "TIMEOUT"),
}
_ASK_SECONDS = 60
_LINE_SHOWN = 300
_COLUMNS = "JobID:20,State:20,exit_code:12"

logger = logging.getLogger(__name__)


class SlurmQueue:
    """States of this user's jobs, with one ``squeue`` for all of them.

    Args:
        poll_seconds: time for which an answer is used before Slurm is asked again.
    """

    def __init__(self, poll_seconds: float) -> None:
        self._poll_seconds = poll_seconds
        self._asked = float("-inf")
        self._endings: dict[str, str | None] = {}

    def ending(self, job_id: str) -> str | None:
        """Return how a job ended, as ``SlurmJob.ending``; None while it is queued or runs.

        While Slurm does not answer, its last answer stands.
        """
        if time.monotonic() - self._asked >= self._poll_seconds:
            answer = _ask("squeue", "--me", "--noheader", "--states=all", f"--Format={_COLUMNS}")
            self._asked = time.monotonic()
            if answer.returncode:
                logger.warning("squeue does not answer: %s", answer.stderr.strip())
            else:
                rows = (line.split() for line in answer.stdout.splitlines())
                self._endings = {job: _ending(state, int(status)) for job, state, status in rows}
        return self._endings.get(job_id, "is unknown to Slurm")

    def expect(self, job_id: str) -> None:
        """Count a job as queued until Slurm is asked again."""
        self._endings[job_id] = None


def _ending(state: str, wait_status: int) -> str | None:
    if state not in _ENDED:
        return None
    if state in {"COMPLETED", "FAILED"}:
        with suppress(
            ValueError, OverflowError
        ):  # Slurm has exit codes of its own for jobs that never ran
            return describe_exit(os.waitstatus_to_exitcode(wait_status))
    return f"ended as {state}"


class SlurmJob:
    """Step as a job of Slurm.

    Args:
        submitted: ``sbatch``, as it ended.
        queue: states of jobs.
        log: file of the job's output outside its step; ``%j`` stands for the job's id.
    """

    def __init__(
        self, submitted: "subprocess.CompletedProcess[str]", queue: SlurmQueue, log: Path
    ) -> None:
        self._queue = queue
        self._refused = submitted.stderr.strip() if submitted.returncode else None
        self._id = submitted.stdout.strip().partition(";")[0]
        self._log = Path(str(log).replace("%j", self._id))
        self.name = f"Slurm job {self._id}".strip()
        if self._refused is None:
            queue.expect(self._id)

    @classmethod
    def submit(
        cls, script: str, name: str, options: Sequence[str], queue: SlurmQueue, log: Path
    ) -> "SlurmJob":
        """Submit a script; one that Slurm refuses is a job that has ended."""
        arguments = ("--parsable", "--no-requeue", f"--output={log}", f"--job-name={name}")
        return cls(_ask("sbatch", *arguments, *options, script=script), queue, log)

    def ending(self) -> str | None:
        """Return how it ended, as a predicate (``was killed by SIGKILL``); None until then."""
        if self._refused is not None:
            return f"was refused: {self._refused}"
        ending = self._queue.ending(self._id)
        return None if ending is None else f"{ending}{self._last_words()}"

    def ask_to_end(self) -> None:
        """Cancel it; Slurm kills what does not end."""
        _ask("scancel", self._id)

    def kill(self) -> None:
        """Kill it at once."""
        if self._refused is None:
            _ask("scancel", "--signal=KILL", "--full", self._id)

    def _last_words(self) -> str:
        try:
            lines = self._log.read_text(errors="replace").split("\n")
        except OSError:  # it never started, or its node cannot write to this folder
            return ""
        last = next((line for line in reversed(lines) if line.strip()), "nothing")
        return f"; {self._log} ends with: {last[:_LINE_SHOWN]}"


def _ask(*command: str, script: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a program of Slurm; one that does not answer in time counts as failed."""
    try:
        return subprocess.run(
            command, input=script, capture_output=True, text=True, check=False, timeout=_ASK_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", f"{error}")


def sbatch_options(config: Mapping[str, Any], *, gpu: bool) -> list[str]:
    """Options of ``sbatch`` for a kind of step.

    Raises:
        UsageError: a quotation in them is not closed.
    """
    options = []
    if config["partition"]:
        options.append(f"--partition={config['partition']}")
    if config["walltime"]:
        options.append(f"--time={config['walltime']}")
    for name in ("options", "gpu_options") if gpu else ("options",):
        try:
            options += shlex.split(config[name])
        except ValueError as error:
            raise UsageError(
                f"The Slurm executor's {name} are {config[name]!r}: {error}; quote them as in a "
                "shell."
            ) from error
    return options


def cancel_jobs(ended: Callable[[str], bool]) -> None:
    """Cancel jobs of this user whose name says that nobody waits for them.

    Args:
        ended: tells by a job's name.
    """
    listed = _ask("squeue", "--me", "--noheader", "--format=%i %j").stdout.splitlines()
    for job_id, name in (line.split(maxsplit=1) for line in listed):
        if ended(name):
            _ask("scancel", job_id)


def check_programs() -> None:
    """Check that Slurm's programs are there.

    Raises:
        MissingOnMachineError: one is not.
    """
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise MissingOnMachineError(
            f"The executor 'slurm' needs {', '.join(missing)} on the PATH; start Dagster where "
            "jobs can be submitted, or set TRANSGENIC_EXECUTOR=gpu."
        )


def describe_exit(code: int) -> str:
    """Describe how a process ended, as ``SlurmJob.ending``.

    Args:
        code: its exit code, or minus the number of the signal that killed it.
    """
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code} and no result"
