"""The programs: ``transgenic-annotate``, ``transgenic-demo`` and ``transgenic-fetch-model``.

This module imports nothing heavy before it is needed: ``--help`` answers at once.
"""

import argparse
import errno
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from transgenic_dagster import __version__
from transgenic_dagster.command_line import annotate_parser, with_underscores
from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.options import DEFAULT_MODEL, AnnotateOptions, parse_options

logger = logging.getLogger(__name__)

RUN_FAILED = 5


def annotate_command() -> int:
    """Run ``transgenic-annotate`` (also installed as ``run_genome_annotation.py``)."""
    values = vars(annotate_parser().parse_args(with_underscores(sys.argv[1:])))
    quiet, verbose = values.pop("quiet", False), values.pop("verbose", False)
    return _guarded(lambda: _annotate(parse_options(values), quiet=quiet), quiet, verbose)


def demo_command() -> int:
    """Run ``transgenic-demo``."""
    parser = _small_parser(
        "transgenic-demo",
        "Write a small made-up assembly, annotate it with the bundled demo model and show the "
        "result. The demo model has memorised the demo genes and annotates nothing else.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write; may exist")
    arguments = parser.parse_args()
    return _guarded(lambda: _demo(arguments.folder), quiet=False, verbose=arguments.verbose)


def fetch_model_command() -> int:
    """Run ``transgenic-fetch-model``."""
    parser = _small_parser(
        "transgenic-fetch-model",
        "Copy a model from the hub into a folder (configuration and weights, no code), for "
        "machines without network: transgenic-annotate --model DIR.",
    )
    parser.add_argument("name", metavar="NAME", help=f"hub name, such as {DEFAULT_MODEL}")
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write")
    parser.add_argument("--revision", help="branch, tag or commit", default=None)
    arguments = parser.parse_args()
    return _guarded(
        lambda: _fetch_model(arguments.name, arguments.folder, arguments.revision),
        quiet=False,
        verbose=arguments.verbose,
    )


def _annotate(options: AnnotateOptions, *, quiet: bool) -> None:
    if options.plan:
        from transgenic_dagster.plan import make_plan

        sys.stdout.write(make_plan(options).render())
        return

    from transgenic_dagster.interruption import end_when_interrupted

    end_when_interrupted(options.time_limit)

    from transgenic_dagster.progress import BarProgress, LogProgress, SilentProgress
    from transgenic_dagster.run import annotate

    if quiet:
        accounting = annotate(options, SilentProgress())
    else:
        accounting = annotate(options, BarProgress() if sys.stderr.isatty() else LogProgress())
    logger.info(accounting.summary())
    logger.info("wrote %s and %s", options.output, options.reject_path)


def _demo(folder: Path) -> None:
    from transgenic_dagster.interruption import end_when_interrupted

    end_when_interrupted(None)

    from transgenic_dagster.demo.show import run_demo

    sys.stdout.write(run_demo(folder))


def _fetch_model(name: str, folder: Path, revision: str | None) -> None:
    from transgenic_dagster.model import fetch_checkpoint

    files = fetch_checkpoint(name, folder, revision=revision)
    sys.stdout.write(f"{files.sha256()}  {folder}\n")
    logger.info("use it with: transgenic-annotate --model %s", folder)


def _small_parser(program: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--verbose", action="store_true", help="show tracebacks of errors")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _guarded(command: Callable[[], None], quiet: bool, verbose: bool) -> int:
    """Run a command; turn its errors into one sentence on stderr and an exit code."""
    _set_up_logging(quiet, verbose)
    try:
        command()
    except TransgenicError as error:
        return _report(str(error), error.exit_code, verbose)
    except OSError as error:
        return _report(_os_error_sentence(error), RUN_FAILED, verbose)
    except MemoryError:
        return _report(
            "This machine's memory is full; free some or lower --batch_size, then --resume.",
            RUN_FAILED,
            verbose,
        )
    except Exception as error:  # a fault of ours: still one sentence, and a way to see more
        return _report(
            f"Unexpected {type(error).__name__}: {error}. What is finished is saved; run again "
            "with --resume, and with --verbose for a traceback to report.",
            RUN_FAILED,
            verbose,
        )
    return 0


def _report(sentence: str, exit_code: int, verbose: bool) -> int:
    if verbose:
        traceback.print_exc()
    sys.stderr.write(f"Error: {sentence}\n")
    return exit_code


def _os_error_sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full{where}; make room and continue with --resume."
    return f"{error.strerror or error}{where}; mend it and continue with --resume."


def _set_up_logging(quiet: bool, verbose: bool) -> None:
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else level,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
    )
    for library in ("httpx", "urllib3", "filelock", "huggingface_hub", "transformers"):
        logging.getLogger(library).setLevel(logging.WARNING)
