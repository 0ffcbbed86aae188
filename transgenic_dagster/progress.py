"""Progress of long work, for whoever wants to show it."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm

SECONDS_BETWEEN_LOG_LINES = 10.0

logger = logging.getLogger("transgenic_dagster")


class Progress(Protocol):
    """Receives the progress of a prediction."""

    def start(self, total: int, done: int, rejected: int) -> None:
        """Prediction begins: ``done`` of ``total`` regions were finished earlier."""

    def update(self, regions: int, rejected: int) -> None:
        """Some regions are finished and safe, ``rejected`` of them without a gene."""

    def finish(self) -> None:
        """Prediction has ended, well or not."""


@contextmanager
def shown(progress: Progress, total: int, done: int, rejected: int) -> Iterator[None]:
    """Begin to show a prediction (see ``Progress.start``), and end with the block."""
    progress.start(total, done, rejected)
    try:
        yield
    finally:
        progress.finish()


class SilentProgress:
    """Shows nothing."""

    def start(self, total: int, done: int, rejected: int) -> None:
        """Show nothing."""

    def update(self, regions: int, rejected: int) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""


class BarProgress:
    """A bar on a terminal's standard error: regions, rate, ETA, rejects so far."""

    def start(self, total: int, done: int, rejected: int) -> None:
        """Draw the bar."""
        self._rejected = rejected
        self._bar = tqdm(
            total=total,
            initial=done,
            unit="region",
            desc="predicting",
            file=sys.stderr,
            dynamic_ncols=True,
            smoothing=0.05,
            bar_format=(
                "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} regions, {rate_fmt}, "
                "ETA {remaining}{postfix}"
            ),
        )
        self.update(0, 0)

    def update(self, regions: int, rejected: int) -> None:
        """Move the bar."""
        self._rejected += rejected
        self._bar.set_postfix_str(f"{self._rejected} rejected", refresh=False)
        self._bar.update(regions)

    def finish(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


class Pace:
    """The figures of a prediction under way: share done, rate and time left.

    Args:
        total: regions in all.
        done: those that were finished earlier; they do not count for the rate.
        rejected: those of them without a gene.
    """

    def __init__(self, total: int, done: int, rejected: int) -> None:
        self.total, self.done, self.rejected = total, done, rejected
        self._first_done = done
        self._began = time.monotonic()

    def update(self, regions: int, rejected: int) -> None:
        """Count some more regions."""
        self.done += regions
        self.rejected += rejected

    @property
    def percent(self) -> float:
        """Share that is done."""
        return 100 * self.done / self.total if self.total else 100.0

    @property
    def rate(self) -> float:
        """Regions per second since the beginning."""
        elapsed = time.monotonic() - self._began
        return (self.done - self._first_done) / elapsed if elapsed > 0 else 0.0

    @property
    def eta(self) -> str:
        """Time left, as a clock shows it; ``?`` while nothing is known."""
        return tqdm.format_interval((self.total - self.done) / self.rate) if self.rate > 0 else "?"

    def __str__(self) -> str:
        return (
            f"predicting {self.done}/{self.total} regions ({self.percent:.0f}%), "
            f"{self.rate:.2f} regions/s, ETA {self.eta}, {self.rejected} rejected"
        )


class LogProgress:
    """The same figures as log lines, for files and batch systems."""

    def start(self, total: int, done: int, rejected: int) -> None:
        """Log the first line."""
        self._pace = Pace(total, done, rejected)
        self._last_line = time.monotonic()
        logger.info("%s", self._pace)

    def update(self, regions: int, rejected: int) -> None:
        """Log a line when the last one is old enough, or all is done."""
        self._pace.update(regions, rejected)
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LOG_LINES or self._pace.percent == 100:
            self._last_line = now
            logger.info("%s", self._pace)

    def finish(self) -> None:
        """Nothing is left to show."""
