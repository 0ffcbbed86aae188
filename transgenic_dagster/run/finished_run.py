"""A finished run as its files tell of it: what it was asked, what it wrote, what it read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import InputError, MissingOnMachineError, UsageError
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.options import AnnotateOptions, run_state_file_of
from transgenic_dagster.report.collect import SortedInput
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.run.state import RunSummary, read_run_summary
from transgenic_dagster.system.digest import file_sha256


@dataclass(frozen=True)
class FinishedRun:
    """A finished run.

    Args:
        state_file: its checkpoint file.
        summary: what that says.
        options: those of the run, with its files where they are now.
    """

    state_file: Path
    summary: RunSummary
    options: AnnotateOptions

    @classmethod
    def of(cls, run: Path) -> "FinishedRun":
        """Return a run by its annotation (``OUTPUT.gff3``) or its checkpoint file.

        Raises:
            UsageError: this is not a finished run.
        """
        state_file = _checkpoint_file(run)
        summary = _finished(state_file)
        return cls(state_file, summary, _options(summary, state_file))

    @property
    def results(self) -> ResultPaths:
        """Its final files."""
        return ResultPaths.of(self.options)

    def check(self, *more: Path) -> None:
        """Check that its results are there, and that more files can be written beside them.

        Raises:
            UsageError: a file cannot be written there, or is one of the run's.
            InputError: a result is missing.
        """
        results = self.results
        check_outputs(self.options, more, [*results.all(), self.state_file])
        for path in (results.gff3, results.rejects):
            if not path.is_file():
                raise InputError(f"The run's file {path} is missing; put it back, or run again.")

    @contextmanager
    def sorted_input(self) -> Iterator[tuple[SortedInput | None, str]]:
        """Yield the input as the run sorted it, or None and one sentence on why it is not there."""
        options, summary = self.options, self.summary
        folder = RunFolder(options.run_folder)
        if _is_sorted(folder, summary):
            with folder.reading_regions():
                yield SortedInput(folder.sorted_gff, options.feature_types), ""
            return
        with tempfile.TemporaryDirectory(prefix="transgenic-report-") as scratch:
            try:
                sorted_gff = _sort_again(options, summary, Path(scratch))
            except (InputError, MissingOnMachineError) as error:
                yield None, f"Nothing is compared with the input: {error}"
            else:
                yield SortedInput(sorted_gff, options.feature_types), ""


def _checkpoint_file(run: Path) -> Path:
    if run.name.endswith(".json"):
        return run
    beside = run_state_file_of(run)
    if not beside.exists():
        raise UsageError(
            f"The run's checkpoint file {beside} does not exist; name the annotation that a run "
            "wrote, or its checkpoint file (--checkpoint_path)."
        )
    return beside


def _finished(state_file: Path) -> RunSummary:
    summary = read_run_summary(state_file)
    if summary is None:
        what = "is damaged" if state_file.exists() else "does not exist; check its name"
        raise UsageError(f"The checkpoint file {state_file} {what}.")
    if summary.status != "complete":
        raise UsageError(f"The run of {state_file} is not complete; continue it with --resume.")
    if not summary.record:
        raise UsageError(
            f"{state_file} does not say how the run was done, as files of earlier versions; run "
            "again with --overwrite."
        )
    return summary


def _options(summary: RunSummary, state_file: Path) -> AnnotateOptions:
    """Return the options of a run, whose files may have moved along with its checkpoint file."""
    options = AnnotateOptions(**summary.record["options"])
    files = {
        name: _found(path, state_file.parent)
        for name, path in dict(options).items()
        if isinstance(path, Path) and name not in {"work_folder"}
    }
    return options.model_copy(update=files)


def _found(path: Path, folder: Path) -> Path:
    beside = folder / path.name
    return beside if not path.exists() and beside.exists() else path


def _is_sorted(folder: RunFolder, summary: RunSummary) -> bool:
    facts = folder.sorted_annotation.facts()
    known = summary.fingerprint.values
    return facts is not None and all(known.get(name) == value for name, value in facts.items())


def _sort_again(options: AnnotateOptions, summary: RunSummary, scratch: Path) -> Path:
    annotation = options.gff_file
    if not annotation.is_file():
        raise InputError(f"{annotation} is not there any more.")
    if file_sha256(annotation) != summary.fingerprint.values["annotation"]:
        raise InputError(f"{annotation} has changed since the run.")
    sorted_gff = scratch / "sorted.gff3"
    sort_annotation(
        annotation, sorted_gff, sorter=options.sorting, feature_types=options.feature_types
    )
    return sorted_gff
