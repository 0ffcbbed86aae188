"""What becomes of an earlier run that is met: it is continued, discarded, or the new one refused.

A journal is never discarded unless that is asked for. What can be made again is: the summary, the
state of a piece, the sorted annotation, the region database.
"""

import json
import logging
from pathlib import Path

from transgenic_dagster.errors import UsageError
from transgenic_dagster.options import AnnotateOptions, Stage
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.journals import describe_other_run
from transgenic_dagster.run.result_paths import final_files
from transgenic_dagster.run.state import BEGINNING, RunSummary, read_run_summary
from transgenic_dagster.system.output_files import read_output

MADE_BY = "transgenic-annotate"

logger = logging.getLogger(__name__)


def read_own_summary(options: AnnotateOptions, folder: RunFolder) -> RunSummary | None:
    """The summary of the run, or of what was written under its name before.

    Returns:
        None where there is none, or where it is damaged, or is going to be overwritten.

    Raises:
        UsageError: it is another run's, of another version, or a file of another kind.
    """
    path = options.run_state_file
    if not path.is_file():
        return None
    begins = path.read_bytes()[: len(BEGINNING)]
    described = (folder.marked() or {}).get("options")
    named_before = isinstance(described, dict) and described.get("checkpoint_path") == str(path)
    # A file of ours that was cut short, or filled with zeros, is one that we may replace.
    if not (
        options.checkpoint_path is None
        or named_before
        or BEGINNING.startswith(begins)
        or not any(begins)
    ):
        raise UsageError(f"{path} is not the summary of a run; choose another --checkpoint_path.")
    if options.overwrite:
        return None
    try:
        summary = read_run_summary(path)
    except UsageError:
        if options.resume or folder.begun_pieces():
            raise
        return None  # what is complete may be followed by a new run
    if summary is not None and summary.output != options.output.name:
        raise UsageError(
            f"{path} is the summary of the run that writes {summary.output}; choose another "
            "--checkpoint_path, or discard it with --overwrite."
        )
    return summary


def check_unfinished(
    options: AnnotateOptions,
    folder: RunFolder,
    fingerprint: RunFingerprint,
    summary: RunSummary | None,
) -> RunSummary | None:
    """Decide what becomes of what is there: continue it, discard it, or refuse.

    Args:
        options: of the present run.
        folder: of both.
        fingerprint: of the present run's predictions.
        summary: of the earlier run, if there is one.

    Returns:
        The summary of a run that needs nothing more, None where there is work to do.

    Raises:
        UsageError: an unfinished run is neither continued nor discarded, or is another run.
    """
    begun = folder.begun_pieces()
    if options.overwrite or not (begun or summary):
        if options.resume:
            logger.info("no checkpoint at %s: starting afresh", options.run_state_file)
        folder.empty()
        return None
    complete = summary if summary is not None and summary.status == "complete" else None
    if not options.resume:
        if begun and not (complete and _all_of(folder, begun, complete.fingerprint)):
            raise UsageError(
                f"An unfinished run is kept in {folder.root}; continue it with --resume or "
                "discard it with --overwrite."
            )
        folder.empty()
        return None
    differences = summary.fingerprint.describe_diff(fingerprint) if summary else []
    for piece in begun:
        differences = differences or describe_other_run(folder, piece, fingerprint)
    if complete and not begun:
        now = RunFingerprint(options.affecting_results(Stage.RESULTS))
        differences = differences + RunFingerprint(complete.results).describe_diff(now)
    if differences:
        raise UsageError(
            f"--resume: this is not the run that was interrupted: {'; '.join(differences)}. "
            "Repeat the original command, or start afresh with --overwrite."
        )
    return _intact(options, complete, fingerprint, journaled=bool(begun)) if complete else None


def _all_of(folder: RunFolder, pieces: list[str], fingerprint: RunFingerprint) -> bool:
    """Return whether the pieces belong to one run that was made here, not in a lab."""
    return folder.made_by(MADE_BY) and not any(
        describe_other_run(folder, piece, fingerprint) for piece in pieces
    )


def _intact(
    options: AnnotateOptions, complete: RunSummary, fingerprint: RunFingerprint, *, journaled: bool
) -> RunSummary | None:
    """Return the summary of a complete run if all its files are as it wrote them."""
    damaged = final_files(options).damaged(complete.files)
    if damaged is None:
        return None if journaled else complete
    if damaged.exists():
        what = "is not as the run wrote it"
        if (other := _written_by(options.output)) and other != fingerprint:
            raise UsageError(
                f"{options.output} was written by another run since: "
                f"{'; '.join(other.describe_diff(fingerprint))}. Choose another --output, or "
                "replace it with --overwrite."
            )
    else:
        what = "is missing"
    logger.info(
        "%s %s: %s",
        damaged,
        what,
        "making it again from the journal" if journaled else "starting afresh",
    )
    return None


def _written_by(gff3: Path) -> RunFingerprint | None:
    """The fingerprint in the header of a GFF3, None where it has none."""
    try:
        with read_output(gff3) as lines:
            for line in lines:
                if line.startswith("#!options "):
                    return RunFingerprint(json.loads(line.partition(" ")[2]))
                if not line.startswith("#"):
                    break
    except (OSError, ValueError, RecursionError):
        pass
    return None
