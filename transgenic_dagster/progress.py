"""Progress of long work, for whoever wants to show it."""

import logging
import sys
import time
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


class LogProgress:
    """The same figures as log lines, for files and batch systems."""

    def start(self, total: int, done: int, rejected: int) -> None:
        """Log the first line."""
        self._total, self._done, self._rejected = total, done, rejected
        self._first_done = done
        self._began = self._last_line = time.monotonic()
        self._log()

    def update(self, regions: int, rejected: int) -> None:
        """Log a line when the last one is old enough, or all is done."""
        self._done += regions
        self._rejected += rejected
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LOG_LINES or self._done == self._total:
            self._last_line = now
            self._log()

    def finish(self) -> None:
        """Nothing is left to show."""

    def _log(self) -> None:
        elapsed = time.monotonic() - self._began
        new = self._done - self._first_done
        rate = new / elapsed if elapsed > 0 else 0.0
        eta = tqdm.format_interval((self._total - self._done) / rate) if rate > 0 else "?"
        percent = 100 * self._done / self._total if self._total else 100.0
        logger.info(
            "predicting %d/%d regions (%.0f%%), %.2f regions/s, ETA %s, %d rejected",
            self._done,
            self._total,
            percent,
            rate,
            eta,
            self._rejected,
        )
