"""Error guard of the programs: one sentence on stderr and a documented exit code, no traceback.

A standard error that cannot be written changes neither the work nor the exit code.
"""

import argparse
import errno
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from transgenic_dagster import __version__
from transgenic_dagster.errors import ResumableError, RunError, TransgenicError
from transgenic_dagster.system.memory import is_out_of_memory

BROKEN_PIPE = 128 + signal.SIGPIPE
"""Exit code where nobody reads the standard output any more, as shells know it."""


def add_common_options(parser: argparse.ArgumentParser, program: str) -> None:
    """Add ``--verbose`` and ``--version``."""
    parser.add_argument("--verbose", action="store_true", help="show tracebacks of errors")
    parser.add_argument("--version", action="version", version=f"{program} {__version__}")


def guarded(
    command: Callable[[], None],
    *,
    quiet: bool = False,
    verbose: bool = False,
    resumable: bool = False,
) -> int:
    """Run a command; turn its errors into one sentence on stderr and an exit code.

    Args:
        command: what to run.
        quiet: log warnings only.
        verbose: log more, and show tracebacks.
        resumable: whether ``--resume`` continues it, which messages then say.

    Returns:
        The exit code.
    """
    _open_streams()
    _set_up_logging(quiet, verbose)
    again = "continue with --resume" if resumable else "run the same command again"
    exit_code = _exit_code(command, again, verbose)
    return _flush_streams(exit_code)


def _exit_code(command: Callable[[], None], again: str, verbose: bool) -> int:
    try:
        command()
        sys.stdout.flush()
    except Exception as error:
        sentence, exit_code = _describe(error, again)
        with suppress(OSError):
            if verbose:
                traceback.print_exc()
            sys.stderr.write(f"Error: {sentence}\n")
        return exit_code
    return 0


def _describe(error: Exception, again: str) -> tuple[str, int]:
    """Sentence and exit code for an error."""
    if isinstance(error, ResumableError):
        return f"{str(error).removesuffix('.')}; then {again}.", error.exit_code
    if isinstance(error, TransgenicError):
        return str(error), error.exit_code
    if isinstance(error, BrokenPipeError):
        return "Nobody reads the output any more.", BROKEN_PIPE
    if is_out_of_memory(error):
        sys.unraisablehook = _report_unless_out_of_memory
        sentence = f"This machine's memory is full; free some, then {again}."
    elif isinstance(error, OSError):
        sentence = _os_error_sentence(error, again)
    else:  # a fault of ours: still one sentence, and a way to see more
        sentence = (
            f"Unexpected {type(error).__name__}: {' '.join(str(error).split()).removesuffix('.')}; "
            f"{again}, with --verbose for a traceback to report."
        )
    return sentence, RunError.exit_code


def _report_unless_out_of_memory(failure: "sys.UnraisableHookArgs") -> None:
    """Say nothing of what fails for the same reason while libraries end."""
    if not issubclass(failure.exc_type, MemoryError):
        sys.__unraisablehook__(failure)


def _open_streams() -> None:
    """Open what was closed: the next file would take the number, and be written to by libraries."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.fstat(descriptor)
                continue
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  # as long as the process


def _flush_streams(exit_code: int) -> int:
    """Write out what is left; Python itself would end with a code of its own where that fails.

    Returns:
        The exit code, which tells of the standard output where nothing worse happened.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if stream is sys.stdout and not exit_code:
                broken = isinstance(error, BrokenPipeError)
                exit_code = BROKEN_PIPE if broken else RunError.exit_code
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return exit_code


def _os_error_sentence(error: OSError, again: str) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{where}; free some space and {again}."
    return f"{error.strerror or error}{where}; fix the problem and {again}."


def _set_up_logging(quiet: bool, verbose: bool) -> None:
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else level,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
    )
    for library in (
        "httpx",
        "httpx2",
        "urllib3",
        "filelock",
        "huggingface_hub",
        "transformers",
        "matplotlib",
    ):
        logging.getLogger(library).setLevel(logging.WARNING)
