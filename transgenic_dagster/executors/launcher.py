"""Run launcher that knows whether a run's process is still there.

Dagster's default launcher does not: after a power cut its runs stay "started" for ever and keep
their places in pools. With this one, run monitoring marks them as failed, and retries start them
again. ``dagster.yaml`` names it.
"""

import os
import re
import signal

import dagster as dg

from transgenic_dagster.executors.dagster_private import (
    CheckRunHealthResult,
    DagsterEventType,
    WorkerStatus,
)
from transgenic_dagster.system.processes import start_of

_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
_CLOCK_SECONDS = 5.0
"""By so much may a process seem to have started after it said so."""


class WatchedRunLauncher(dg.DefaultRunLauncher):
    """Starts runs as processes of the code server, and looks after them."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask for ``check_run_worker_health``."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Tell whether the process of a run is there: its code server knows it, or it lives."""
        if self._server_has(run.run_id) or self._process(run.run_id) is not None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, "the process of the run is gone; it continues from its journals"
        )

    def terminate(self, run_id: str) -> bool:
        """End a run; one whose process is gone is canceled at once."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if self._server_has(run_id):
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        if (process := self._process(run_id)) is not None:
            os.kill(process, signal.SIGINT)  # as Dagster's own code server does
            return True
        self._instance.report_run_canceled(run, "Its process was gone already.")
        return True

    def _server_has(self, run_id: str) -> bool:
        """Return whether the code server that started a run answers, and still has it."""
        client = self._get_grpc_client_for_termination(run_id)
        if client is None:
            return False
        try:
            return run_id in client.get_current_runs()
        except Exception:  # it is gone, whatever gRPC says about that
            return False

    def _process(self, run_id: str) -> int | None:
        """Process of a run whose code server is gone, if it runs on this machine."""
        events = self._instance.all_logs(run_id, of_type={DagsterEventType.ENGINE_EVENT})
        for event in reversed(events):
            if found := _STARTED.search(event.user_message or event.message):
                process = int(found[1])
                began = start_of(process)
                return process if began and began <= event.timestamp + _CLOCK_SECONDS else None
        return None
