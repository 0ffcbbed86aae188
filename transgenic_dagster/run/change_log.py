"""The change log of a finished run, input against output, for every interface."""

import logging
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.evaluation.change_log import ChangeLog, write_change_log
from transgenic_dagster.quality.comparison import changes_of_input
from transgenic_dagster.run.finished_run import FinishedRun

logger = logging.getLogger(__name__)


def make_change_log(run: Path, path: Path) -> None:
    """Write what became of each gene of a run's input, as a table.

    Args:
        run: its annotation (``OUTPUT.gff3``) or its checkpoint file (``OUTPUT.gff3.ckpt.json``).
        path: file to write; it has only its header where the input has no exons or CDS to compare.

    Raises:
        UsageError: this is not a finished run, or the table cannot be written there.
        InputError: the run's files are missing, or its input is not there any more.
    """
    finished = FinishedRun.of(run)
    finished.check(path)
    results = finished.results
    with finished.sorted_input() as (source, note):
        if source is None:
            raise InputError(note)
        changes = changes_of_input(results.gff3, results.rejects, source.path)
    if changes is None:
        logger.warning(
            "%s has no exons or CDS, so no change of a gene can be told", finished.options.gff_file
        )
    write_change_log(path, changes or ChangeLog(()))
    logger.info("wrote the change log %s", path)
