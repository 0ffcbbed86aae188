"""The check of a finished run's annotation for submission, for every interface."""

import logging
import tempfile
from pathlib import Path

from transgenic_dagster.quality.submission import Submission, check_submission
from transgenic_dagster.run.finished_run import FinishedRun
from transgenic_dagster.sequences.fasta import open_genome
from transgenic_dagster.system.output_files import write_output

logger = logging.getLogger(__name__)


def make_submission_check(run: Path, path: Path) -> Submission:
    """Write what NCBI's table2asn would refuse in a run's annotation, as a table.

    Args:
        run: its annotation (``OUTPUT.gff3``) or its checkpoint file (``OUTPUT.gff3.ckpt.json``).
        path: file to write.

    Returns:
        The counts.

    Raises:
        UsageError: this is not a finished run, or the table cannot be written there.
        InputError: the run's files or its genome are missing.
    """
    finished = FinishedRun.of(run)
    finished.check(path)
    with (
        tempfile.TemporaryDirectory(prefix="transgenic-submission-") as scratch,
        open_genome(finished.options.fasta_file, Path(scratch)) as genome,
        write_output(path) as table,
    ):
        submission = check_submission(finished.results.gff3, genome, table)
    logger.info(submission.summary())
    logger.info("wrote the check for submission %s", path)
    return submission
