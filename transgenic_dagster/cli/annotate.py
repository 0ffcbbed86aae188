"""The program ``transgenic-annotate`` (also installed as ``run_genome_annotation.py``)."""

import logging
import sys

from transgenic_dagster.cli.annotate_parser import annotate_parser, with_underscores
from transgenic_dagster.cli.guard import guarded
from transgenic_dagster.options import AnnotateOptions, parse_options
from transgenic_dagster.system.memory import check_memory_limit

logger = logging.getLogger(__name__)


def main() -> int:
    """Run ``transgenic-annotate``."""
    values = vars(annotate_parser().parse_args(with_underscores(sys.argv[1:])))
    quiet, verbose = values.pop("quiet", False), values.pop("verbose", False)
    return guarded(
        lambda: _annotate(parse_options(values), quiet=quiet),
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

    from transgenic_dagster.system.signals import end_when_interrupted

    end_when_interrupted(
        options.time_limit,
        again="what is finished is saved; continue with the same command and --resume",
    )

    from transgenic_dagster.progress import BarProgress, LogProgress, SilentProgress
    from transgenic_dagster.run.annotate import annotate

    if quiet:
        accounting = annotate(options, SilentProgress())
    else:
        accounting = annotate(options, BarProgress() if sys.stderr.isatty() else LogProgress())
    logger.info(accounting.summary())
    logger.info("wrote %s and %s", options.output, options.reject_path)
