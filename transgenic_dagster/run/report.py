"""The report of a finished run, for every interface.

All that it says comes from the run's files: checkpoint file, annotation, reject report and, for
comparison, the input. So a report of the same run is the same, whoever makes it and when.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import InputError, MissingOnMachineError, UsageError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.report.collect import SortedInput, collect
from transgenic_dagster.report.comparison import compare_with_input
from transgenic_dagster.report.gene_blocks import GeneBlock, predicted_genes
from transgenic_dagster.report.outside_measures import PROGRAMS, measure_quality
from transgenic_dagster.report.page import render
from transgenic_dagster.report.run_facts import FileFact, RunFacts
from transgenic_dagster.report.sections import Section
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.run.state import RunSummary, read_run_summary
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.digest import file_sha256

CHECKPOINT_SUFFIX = ".ckpt.json"
_NOT_SETTINGS = frozenset({"annotation", "genome", "model"})

logger = logging.getLogger(__name__)


def make_report(run: Path, report: Path | None = None, quality: Sequence[str] = ()) -> Path:
    """Write the report of a finished run.

    Args:
        run: its annotation (``OUTPUT.gff3``) or its checkpoint file (``OUTPUT.gff3.ckpt.json``).
        report: file to write; None is ``OUTPUT.gff3.report.html``.
        quality: outside measures to take.

    Returns:
        The report.

    Raises:
        UsageError: this is not a finished run, the report cannot be written there, or a measure is
            not known.
        InputError: the run's files are missing or do not belong together.
    """
    unknown = [name for name in quality if name not in PROGRAMS]
    if unknown:
        raise UsageError(f"--quality knows {', '.join(PROGRAMS)} (got {unknown[0]!r}).")
    state_file = _checkpoint_file(run)
    summary = _finished(state_file)
    options = _options(summary, state_file)
    report = report or options.output.with_name(f"{options.output.name}.report.html")
    results = ResultPaths.of(options)
    check_outputs(options, [report], [*results.all(), state_file])
    for path in (results.gff3, results.rejects):
        if not path.is_file():
            raise InputError(f"The run's file {path} is missing; put it back, or run again.")
    with _sorted_input(options, summary) as (sorted_input, note):
        figures = collect(
            results.gff3,
            results.rejects,
            Accounting.from_dict(dict(summary.accounting)),
            sorted_input,
        )
        sections: list[Section] = []
        if sorted_input and figures.source and figures.source.transcripts:
            sections += compare_with_input(results.gff3, sorted_input.path)
        if quality:
            annotations: dict[str, Callable[[], Iterator[GeneBlock]]] = {
                "Predicted": partial(predicted_genes, results.gff3)
            }
            if sorted_input:
                annotations["Input"] = sorted_input.genes
            sections.append(measure_quality(options.fasta_file, annotations, quality))
    page = render(_facts(summary, options, results, note), figures, sections)
    with atomic_write(report) as handle:
        handle.write(page)
    logger.info("wrote the report %s", report)
    return report


def _checkpoint_file(run: Path) -> Path:
    if run.name.endswith(".json"):
        return run
    beside = run.with_name(run.name + CHECKPOINT_SUFFIX)
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


@contextmanager
def _sorted_input(
    options: AnnotateOptions, summary: RunSummary
) -> Iterator[tuple[SortedInput | None, str]]:
    """Yield the input as the run sorted it, or None and a sentence on why it is not there."""
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


def _facts(
    summary: RunSummary, options: AnnotateOptions, results: ResultPaths, note: str
) -> RunFacts:
    values, record = summary.fingerprint.values, summary.record
    sizes: dict[str, Any] = record["input_bytes"]
    outputs = {
        "annotation written": results.gff3,
        "reject report": results.rejects,
        "model output of every region": results.gsf,
        "proteins": results.proteins,
        "moves of the refinement": results.refinements,
    }
    inputs = [
        FileFact("genome", options.fasta_file.name, sizes.get("genome"), values["genome"]),
        FileFact(
            "input annotation", options.gff_file.name, sizes.get("annotation"), values["annotation"]
        ),
    ]
    written = [
        FileFact(role, path.name, path.stat().st_size, file_sha256(path))
        for role, path in outputs.items()
        if path is not None and path.is_file()
    ]
    settings = {k: v for k, v in values.items() if k not in _NOT_SETTINGS} | dict(summary.results)
    return RunFacts(
        output=results.gff3.name,
        files=[*inputs, *written],
        model=options.model,
        model_sha256=values["model"],
        settings=dict(sorted(settings.items())),
        versions=record["versions"],
        hardware=record["machines"],
        seconds=record["seconds"],
        refine_distance=options.refine_distance if options.refine == "on" else None,
        note=note,
    )
