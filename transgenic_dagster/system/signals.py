"""Ending a run at once: on SIGTERM, SIGINT, SIGHUP and at the time limit.

Nothing needs finishing, because whatever counts is in the journal already. A thread waits for the
signal and ends the process itself: the main thread may be inside a matrix product for seconds.
Whether anybody can read the message makes no difference.
"""

import _thread
import multiprocessing
import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType

from transgenic_dagster.errors import TimeLimitReachedError
from transgenic_dagster.system.parent_death import end_with_parent
from transgenic_dagster.system.passing_files import remove_passing_files

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
FROM_TERMINALS = (signal.SIGINT, signal.SIGHUP)
"""Those that a terminal sends to all its processes."""
_STDERR = 2
_MILLISECONDS_FOR_MESSAGE = 500


def bind_to_main_process(main_process: int, ignored: Iterable[signal.Signals] = SIGNALS) -> None:
    """Have this process end with the main one, to which it leaves signals.

    Args:
        main_process: its process id; it has started this one.
        ignored: those signals; pools of the libraries end their processes by SIGTERM.
    """
    end_with_parent(main_process)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def end_when_interrupted(time_limit: int | None, *, again: str) -> None:
    """Watch for signals, and for the time limit, from now on.

    A SIGHUP that is ignored, as ``nohup`` has it, stays ignored.

    Args:
        time_limit: seconds from now, None for no limit.
        again: how the program goes on afterwards, for the message.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    for number in SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave_to_the_watcher)
    # Python's C-level handler writes the signal's number here at once, whatever the main thread
    # is doing.
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    # Not by threading.Thread, which waits for ever where memory is short: for a thread that failed
    # before it could say that it runs.
    _thread.start_new_thread(_watch, (read_end, time_limit, again))


def _leave_to_the_watcher(_number: int, _frame: FrameType | None) -> None:
    """Take the place of the default action."""


def _watch(read_end: int, time_limit: int | None, again: str) -> None:
    deadline = None if time_limit is None else time.monotonic() + time_limit
    while deadline is None or time.monotonic() < deadline:
        left = None if deadline is None else deadline - time.monotonic()
        if not select.select([read_end], [], [], left)[0]:
            break
        number = os.read(read_end, 1)[0]
        if number in SIGNALS:  # libraries handle others, such as SIGCHLD
            _end(f"Interrupted ({signal.Signals(number).name}): {again}.", 128 + number)
    _end(f"Time limit reached: {again}.", TimeLimitReachedError.exit_code)


def _end(message: str, exit_code: int) -> None:
    try:
        for child in multiprocessing.active_children():
            child.kill()
        with suppress(OSError):  # a full disk, or nobody who reads
            _say(f"\n{message}\n")
        remove_passing_files()  # last, since the main thread makes more of them meanwhile
    finally:  # whatever went wrong before
        os._exit(exit_code)


def _say(text: str) -> None:
    """Write to the standard error if that can be done at once.

    Not through ``sys.stderr``, which the main thread may hold while it waits for a reader.
    """
    poll = select.poll()
    poll.register(_STDERR, select.POLLOUT)
    if poll.poll(_MILLISECONDS_FOR_MESSAGE):
        os.write(_STDERR, text.encode())
