"""The report of a finished run, for every interface.

All that it says comes from the run's files: checkpoint file, annotation, reject report and, for
comparison, the input. So a report of the same run is the same, whoever makes it and when.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.quality.comparison import Comparison, compare_with_input
from transgenic_dagster.quality.submission import Submission
from transgenic_dagster.report.collect import SortedInput, collect
from transgenic_dagster.report.comparison import comparison_sections
from transgenic_dagster.report.completion import collect_completion, completed_genes
from transgenic_dagster.report.completion_page import render_completion
from transgenic_dagster.report.gene_blocks import GeneBlock, predicted_genes
from transgenic_dagster.report.outside_measures import PROGRAMS, measure_quality
from transgenic_dagster.report.page import render
from transgenic_dagster.report.run_facts import FileFact, RunFacts
from transgenic_dagster.report.sections import Section
from transgenic_dagster.report.submission import submission_section
from transgenic_dagster.run.finished_run import FinishedRun
from transgenic_dagster.system.digest import file_sha256
from transgenic_dagster.system.memory import without_cycle_search
from transgenic_dagster.system.output_files import write_output

REPORT_SUFFIX = ".report.html"
_NOT_SETTINGS = frozenset({"annotation", "genome", "model"})

logger = logging.getLogger(__name__)


def make_report(
    run: Path,
    report: Path | None = None,
    quality: Sequence[str] = (),
    submission: Submission | None = None,
) -> Path:
    """Write the report of a finished run.

    Args:
        run: its annotation (``OUTPUT.gff3``) or its checkpoint file (``OUTPUT.gff3.ckpt.json``).
        report: file to write; None is ``OUTPUT.gff3.report.html``.
        quality: outside measures to take.
        submission: what a check of the annotation for submission found, if there was one.

    Returns:
        The report.

    Raises:
        UsageError: this is not a finished run, the report cannot be written there, or
            a measure is not known.
        InputError: the run's files are missing or do not belong together.
    """
    unknown = [name for name in quality if name not in PROGRAMS]
    if unknown:
        raise UsageError(f"--quality knows {', '.join(PROGRAMS)} (got {unknown[0]!r}).")
    finished = FinishedRun.of(run)
    output = finished.options.output
    report = report or output.with_name(output.name + REPORT_SUFFIX)
    finished.check(report)
    write_report(finished, report, quality, submission)
    return report


def write_report(
    run: FinishedRun,
    report: Path,
    quality: Sequence[str] = (),
    submission: Submission | None = None,
) -> Comparison | None:
    """Write the report of a run whose files were checked.

    Returns:
        The comparison with the input that is in it; None where the input has no CDS, or was
        completed.

    Raises:
        InputError: the run's files do not belong together.
    """
    completes = run.options.complete
    with without_cycle_search(), run.sorted_input() as (source, note):
        page, comparison = (_completion_page if completes else _prediction_page)(
            run, source, note, quality, submission
        )
    with write_output(report) as handle:
        handle.write(page)
    logger.info("wrote the report %s", report)
    return comparison


def _prediction_page(
    run: FinishedRun,
    source: SortedInput | None,
    note: str,
    quality: Sequence[str],
    submission: Submission | None,
) -> tuple[str, Comparison | None]:
    results = run.results
    figures = collect(results.gff3, results.rejects, _accounting(run), source)
    comparison, sections = None, list[Section]()
    if source and figures.source and figures.source.transcripts:
        comparison = compare_with_input(results.gff3, results.rejects, source.path)
    if comparison:
        sections += comparison_sections(comparison)
    annotations = {"Predicted": partial(predicted_genes, results.gff3)}
    sections += _asked_for(run, annotations, source, quality, submission)
    return render(_facts(run, note), figures, sections), comparison


def _completion_page(
    run: FinishedRun,
    source: SortedInput | None,
    note: str,
    quality: Sequence[str],
    submission: Submission | None,
) -> tuple[str, None]:
    results = run.results
    if source is None:
        raise InputError(f"The report on a completed annotation needs its input. {note}")
    figures = collect_completion(results.gff3, results.rejects, _accounting(run), source)
    annotations = {"New": partial(completed_genes, results.gff3, source.path)}
    sections = _asked_for(run, annotations, source, quality, submission)
    return render_completion(_facts(run, note), figures, sections), None


def _accounting(run: FinishedRun) -> Accounting:
    return Accounting.from_dict(dict(run.summary.accounting))


def _asked_for(
    run: FinishedRun,
    annotations: Mapping[str, Callable[[], Iterator[GeneBlock]]],
    source: SortedInput | None,
    quality: Sequence[str],
    submission: Submission | None,
) -> list[Section]:
    """Return the sections that there are only on request.

    Args:
        run: the run.
        annotations: genes that it made, by title.
        source: its input, if that is there.
        quality: outside measures to take.
        submission: what a check of the annotation for submission found, if there was one.
    """
    sections = []
    if quality:
        if source:
            annotations = {**annotations, "Input": source.genes}
        sections.append(measure_quality(run.options.fasta_file, annotations, quality))
    if submission:
        sections.append(submission_section(submission))
    return sections


def _facts(run: FinishedRun, note: str) -> RunFacts:
    summary, options, results = run.summary, run.options, run.results
    values, record = summary.fingerprint.values, summary.record
    sizes: dict[str, Any] = record["input_bytes"]
    outputs = {
        "annotation written": results.gff3,
        "reject report": results.rejects,
        "model output of every region": results.gsf,
        "proteins": results.proteins,
        "coding sequences": results.cds,
        "spliced sequences": results.cdna,
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
