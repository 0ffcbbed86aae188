"""Error guard of the programs: one sentence on stderr and a documented exit code, no traceback."""

import argparse
import errno
import logging
import sys
import traceback
from collections.abc import Callable

from transgenic_dagster import __version__
from transgenic_dagster.errors import RunError, TransgenicError


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
    """
    _set_up_logging(quiet, verbose)
    again = "continue with --resume" if resumable else "try again"
    try:
        command()
    except TransgenicError as error:
        return _report(str(error), error.exit_code, verbose)
    except OSError as error:
        return _report(_os_error_sentence(error, again), RunError.exit_code, verbose)
    except MemoryError:
        return _report(
            f"This machine's memory is full; free some or lower --batch_size, then {again}.",
            RunError.exit_code,
            verbose,
        )
    except Exception as error:  # a fault of ours: still one sentence, and a way to see more
        return _report(
            f"Unexpected {type(error).__name__}: {error}. What is finished is saved; {again}, "
            "with --verbose for a traceback to report.",
            RunError.exit_code,
            verbose,
        )
    return 0


def _report(sentence: str, exit_code: int, verbose: bool) -> int:
    if verbose:
        traceback.print_exc()
    sys.stderr.write(f"Error: {sentence}\n")
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
        "urllib3",
        "filelock",
        "huggingface_hub",
        "transformers",
        "matplotlib",
    ):
        logging.getLogger(library).setLevel(logging.WARNING)
