"""Ending a run at once: on SIGTERM, SIGINT and at the time limit.

Nothing needs finishing, because whatever counts is in the journal already. A thread waits for the
signal and ends the process itself: the main thread may be inside a matrix product for seconds.
"""

import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from types import FrameType

from transgenic_dagster.errors import TimeLimitReachedError

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RESUME = "what is finished is saved; continue with the same command and --resume"


def end_when_interrupted(time_limit: int | None) -> None:
    """Watch for signals, and for the time limit, from now on.

    Args:
        time_limit: seconds from now, None for no limit.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    for number in SIGNALS:
        signal.signal(number, _leave_to_the_watcher)
    # Python's C-level handler writes the signal's number here at once, whatever the main thread
    # is doing.
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    threading.Thread(
        target=_watch, args=(read_end, time_limit), name="interruption", daemon=True
    ).start()


def _leave_to_the_watcher(_number: int, _frame: FrameType | None) -> None:
    """Take the place of the default action."""


def _watch(read_end: int, time_limit: int | None) -> None:
    deadline = None if time_limit is None else time.monotonic() + time_limit
    while deadline is None or time.monotonic() < deadline:
        left = None if deadline is None else deadline - time.monotonic()
        if not select.select([read_end], [], [], left)[0]:
            break
        number = os.read(read_end, 1)[0]
        if number in SIGNALS:  # libraries handle others, such as SIGCHLD
            _end(f"Interrupted ({signal.Signals(number).name}): {_RESUME}.", 128 + number)
    _end(f"Time limit reached: {_RESUME}.", TimeLimitReachedError.exit_code)


def _end(message: str, exit_code: int) -> None:
    sys.stderr.write(f"\n{message}\n")
    sys.stderr.flush()
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(exit_code)
