"""What is made from the results of a run and its input, for every interface."""

from typing import TYPE_CHECKING

from transgenic_dagster.options import AnnotateOptions

if TYPE_CHECKING:
    from transgenic_dagster.quality.comparison import Comparison


def write_afterwards(options: AnnotateOptions) -> "Comparison | None":
    """Write those that the options of a finished run ask for.

    Returns:
        The comparison with the input that is in the report; None where there is none.

    Raises:
        TransgenicError: one sentence; the results stay.
    """
    submission = comparison = None
    if options.check_submission:
        from transgenic_dagster.run.submission import make_submission_check

        submission = make_submission_check(options.run_state_file, options.check_submission)
    if options.changes:
        from transgenic_dagster.run.change_log import make_change_log

        make_change_log(options.run_state_file, options.changes)
    if options.report:
        from transgenic_dagster.run.finished_run import FinishedRun
        from transgenic_dagster.run.report import write_report  # draws: slow to import

        finished = FinishedRun.of(options.run_state_file)
        finished.check(options.report)
        comparison = write_report(finished, options.report, options.quality, submission)
    if options.jbrowse:
        from transgenic_dagster.run.jbrowse import make_jbrowse_folder

        make_jbrowse_folder(options.run_state_file, options.jbrowse)
    return comparison
