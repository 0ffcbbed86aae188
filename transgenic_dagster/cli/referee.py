"""The program ``transgenic-referee``: of several annotations' genes, the likeliest."""

import logging
import sys

from transgenic_dagster.cli.annotate import begin
from transgenic_dagster.cli.annotate_parser import referee_parser, with_underscores
from transgenic_dagster.cli.guard import guarded
from transgenic_dagster.run.given_options import parse_as
from transgenic_dagster.run.judging_options import RefereeOptions
from transgenic_dagster.system.memory import check_memory_limit

logger = logging.getLogger(__name__)


def main() -> int:
    """Run ``transgenic-referee``."""
    values = vars(referee_parser().parse_args(with_underscores(sys.argv[1:])))
    quiet, verbose = values.pop("quiet", False), values.pop("verbose", False)
    return guarded(
        lambda: _referee(parse_as(RefereeOptions, values), quiet=quiet),
        quiet=quiet,
        verbose=verbose,
        resumable=True,
    )


def _referee(options: RefereeOptions, *, quiet: bool) -> None:
    check_memory_limit()
    progress = begin(options, quiet=quiet)

    from transgenic_dagster.run.referee import referee

    logger.info(referee(options, progress).summary())
    logger.info("wrote %s and %s", options.output, options.decisions_path)
