"""What a running step shows in Dagster: log lines, and observations of its asset."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from transgenic_dagster.errors import RunError, TransgenicError
from transgenic_dagster.progress import Pace

PERCENT_BETWEEN = 5.0
SECONDS_BETWEEN = 60.0
"""An observation is due after so much progress, or so much time; many hours give hundreds."""
LEAST_SECONDS = 0.5


class ObservedProgress:
    """Shows a prediction's progress as observations of the asset and as log lines."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context

    def start(self, total: int, done: int, rejected: int) -> None:
        """Show where it begins."""
        self._pace = Pace(total, done, rejected)
        self._show()

    def update(self, regions: int, rejected: int) -> None:
        """Show the figures when they are due, and at the end."""
        self._pace.update(regions, rejected)
        elapsed = time.monotonic() - self._shown_at
        moved = self._pace.percent - self._shown_percent
        due = elapsed >= SECONDS_BETWEEN or (moved >= PERCENT_BETWEEN and elapsed >= LEAST_SECONDS)
        if due or self._pace.done == self._pace.total:
            self._show()

    def finish(self) -> None:
        """Nothing is left to show."""

    def _show(self) -> None:
        pace = self._pace
        self._shown_at, self._shown_percent = time.monotonic(), pace.percent
        self._context.log.info(str(pace))
        self._context.log_event(
            dg.AssetObservation(
                asset_key=self._context.asset_key,
                partition=self._context.partition_key,
                description=str(pace),
                metadata={
                    "percent": round(pace.percent, 1),
                    "regions_done": pace.done,
                    "regions": pace.total,
                    "regions_per_second": round(pace.rate, 3),
                    "eta": pace.eta,
                    "rejected": pace.rejected,
                },
            )
        )


class _ToContext(logging.Handler):
    """Hands what the package logs to a step's own log."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        super().__init__(logging.INFO)
        self._context = context

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        self._context.log.log(record.levelno, record.getMessage())


@contextmanager
def in_step(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Show what the package logs in the step's log, and its errors as one sentence each.

    Raises:
        Failure: with the error's sentence. It is not retried where only the user can mend it.
    """
    package = logging.getLogger("transgenic_dagster")
    handler, level = _ToContext(context), package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    try:
        yield
    except TransgenicError as error:
        raise dg.Failure(str(error), allow_retries=isinstance(error, RunError)) from error
    finally:
        package.removeHandler(handler)
        package.setLevel(level)
