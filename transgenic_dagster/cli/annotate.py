"""The program ``transgenic-annotate`` (also installed as ``run_genome_annotation.py``)."""

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from transgenic_dagster.cli.annotate_parser import annotate_parser, with_underscores
from transgenic_dagster.cli.guard import guarded
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.given_options import parse_as
from transgenic_dagster.system.memory import check_memory_limit

if TYPE_CHECKING:
    from transgenic_dagster.progress import Progress

logger = logging.getLogger(__name__)


def main() -> int:
    """Run ``transgenic-annotate``."""
    return run(annotate_parser(), AnnotateOptions)


def run(parser: argparse.ArgumentParser, options: type[AnnotateOptions]) -> int:
    """Run a program that works through all genes of an annotation.

    Args:
        parser: of its command line.
        options: what that is checked by.

    Returns:
        The exit code.
    """
    values = vars(parser.parse_args(with_underscores(sys.argv[1:])))
    quiet, verbose = values.pop("quiet", False), values.pop("verbose", False)
    return guarded(
        lambda: _annotate(parse_as(options, values), quiet=quiet),
        quiet=quiet,
        verbose=verbose,
        resumable=True,
    )


def _annotate(options: AnnotateOptions, *, quiet: bool) -> None:
    check_memory_limit()
    if options.plan:
        from transgenic_dagster.run.estimate import make_plan

        sys.stdout.write(make_plan(options).render())
        return

    progress = begin(options, quiet=quiet)

    from transgenic_dagster.run.annotate import annotate

    accounting = annotate(options, progress)
    logger.info(accounting.summary())
    logger.info("wrote %s and %s", options.output, options.reject_path)


def begin(options: AnnotateOptions, *, quiet: bool) -> "Progress":
    """Let the run end at signals and at its time limit, and say how its progress is shown."""
    from transgenic_dagster.system.signals import end_when_interrupted

    end_when_interrupted(
        options.time_limit,
        again="what is finished is saved; continue with the same command and --resume",
    )

    from transgenic_dagster.progress import BarProgress, LogProgress, SilentProgress

    if quiet:
        return SilentProgress()
    return BarProgress() if sys.stderr.isatty() else LogProgress()
