"""Progress of a running step in Dagster: log lines, and observations of its asset."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from transgenic_dagster.errors import RunError, TransgenicError
from transgenic_dagster.progress import Pace

PERCENT_BETWEEN = 5.0
SECONDS_BETWEEN = 60.0
"""Progress or time after which an observation is due; a run of many hours has hundreds."""
LEAST_SECONDS = 0.5


class ObservedProgress:
    """Progress of a prediction as observations of the asset and as log lines.

    Args:
        context: of the step.
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        keys = context.partition_keys
        self._partition = keys[0] if len(keys) == 1 else None

    def start(self, total: int, done: int, rejected: int) -> None:
        """Show the state at the beginning."""
        self._pace = Pace(total, done, rejected)
        self._show()

    def update(self, regions: int, rejected: int) -> None:
        """Show the state when that is due, and at the end."""
        self._pace.update(regions, rejected)
        elapsed = time.monotonic() - self._shown_at
        moved = self._pace.percent - self._shown_percent
        due = elapsed >= SECONDS_BETWEEN or (moved >= PERCENT_BETWEEN and elapsed >= LEAST_SECONDS)
        if due or self._pace.done == self._pace.total:
            self._show()

    def finish(self) -> None:
        """Show nothing; the last update has shown the end."""

    def _show(self) -> None:
        pace = self._pace
        self._shown_at, self._shown_percent = time.monotonic(), pace.percent
        metadata: dict[str, Any] = {
            "percent": round(pace.percent, 1),
            "regions_done": pace.done,
            "regions": pace.total,
            "rejected": pace.rejected,
        }
        text = f"predicting the first of {pace.total - pace.done:,} regions"
        if pace.rate:  # once the first of them are safe
            text, metadata["eta"] = str(pace), pace.eta
            metadata["regions_per_second"] = round(pace.rate, 3)
        self._context.log.info(text)
        key = self._context.asset_key
        self._context.log_event(
            dg.AssetObservation(key, partition=self._partition, description=text, metadata=metadata)
        )


class _ToContext(logging.Handler):
    """Handler that passes log messages of this package on to a step's own log."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        super().__init__(logging.INFO)
        self._context = context

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        self._context.log.log(record.levelno, record.getMessage())


@contextmanager
def in_step(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Show the package's log messages in the step's log, and its errors as one sentence each.

    Raises:
        Failure: the message is the error's. It is not retried where only the user can fix the
            problem.
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
