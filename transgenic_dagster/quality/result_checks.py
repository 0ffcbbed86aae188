"""The checks of final files, read back from the disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.quality.check_limits import CheckLimits
from transgenic_dagster.quality.recount import recount, recount_completed
from transgenic_dagster.quality.structures import Structures, read_structures
from transgenic_dagster.regions.region_db import RegionDb

_FAULTS_SHOWN = 10


class ResultCheck(NamedTuple):
    """A check.

    Args:
        name: its name.
        description: what it asks for.
        is_blocking: whether nothing else is made of files that fail it.
    """

    name: str
    description: str
    is_blocking: bool = False


class Finding(NamedTuple):
    """Result of a check.

    Args:
        check: the check.
        passed: whether the files are as it asks for.
        text: what was found, for people.
        figures: numbers behind it.
    """

    check: ResultCheck
    passed: bool
    text: str
    figures: Mapping[str, float]


ACCOUNTING = ResultCheck(
    "accounting_adds_up",
    "Every gene of the input is annotated, rejected or skipped, exactly once.",
    is_blocking=True,
)
VALID_GFF3 = ResultCheck(
    "gff3_is_valid",
    "Columns, coordinates, phases, IDs and parents follow the GFF3 specification.",
    is_blocking=True,
)
GENE_COUNT = ResultCheck(
    "gene_count_is_plausible",
    "Most coding genes of the input have a gene model (annotated under checks in options.yaml).",
)
OVERLAP = ResultCheck(
    "genes_overlap_their_input",
    "Nearly all gene models share a base with their input gene (overlapping in options.yaml).",
)
COMPLETE = ResultCheck(
    "reading_frames_are_complete",
    "Most transcripts run from a start codon to a stop codon (complete_frames in options.yaml).",
)
STOPS = ResultCheck(
    "no_stops_in_frame",
    "Few transcripts have a stop codon inside their frame (stops_in_frame in options.yaml).",
)
REPEATED = ResultCheck(
    "structures_differ",
    "Few gene models have the structure of another one; a model that has memorised some genes "
    "repeats them (repeated in options.yaml).",
)
RESULT_CHECKS = (ACCOUNTING, VALID_GFF3, GENE_COUNT, OVERLAP, COMPLETE, STOPS, REPEATED)


@dataclass(frozen=True)
class CheckedFiles:
    """Files that are read for the checks.

    Args:
        region_db: region database of the run.
        gff3: final annotation.
        rejects: final reject report.
        sentences: table of all sentences.
        completed: the input as the run sorted it, where the annotation completes it.
    """

    region_db: Path
    gff3: Path
    rejects: Path
    sentences: Path
    completed: Path | None = None


def check_results(files: CheckedFiles, limits: CheckLimits) -> Iterator[Finding]:
    """Yield the results of all checks.

    Args:
        files: the files.
        limits: shares that a good annotation keeps.
    """
    recounted = (files.region_db, files.gff3, files.rejects)
    if files.completed:
        counts = recount_completed(*recounted, files.sentences, files.completed)
        with RegionDb(files.region_db) as database:
            read = check_gff3(files.gff3, database.sequence_lengths())
    else:
        counts, read = recount(*recounted), check_gff3(files.gff3)
    faults = "; ".join(counts.faults[:_FAULTS_SHOWN])
    good = "every gene is accounted for"
    yield Finding(ACCOUNTING, not faults, faults or good, counts.counts())
    faults = "; ".join(read.faults[:_FAULTS_SHOWN])
    yield Finding(VALID_GFF3, not faults, faults or "no fault found", {"rows": read.rows})
    share = counts.annotated / counts.for_model if counts.for_model else 1.0
    annotated = round(100 * share, 1)
    outcome = "could be continued by the model" if files.completed else "have a gene model"
    text = f"{annotated}% of {counts.for_model:,} coding genes {outcome}"
    figures = {"annotated_percent": annotated, **counts.counts()}
    yield Finding(GENE_COUNT, share >= limits.annotated, text, figures)
    structures = read_structures(files.gff3, files.region_db, files.completed)
    yield from _about_structures(structures, limits)


def _about_structures(found: Structures, limits: CheckLimits) -> Iterator[Finding]:
    """Yield what the gene models say of themselves."""
    genes, transcripts = found.genes, found.transcripts
    for check, part, whole, least, most, what in (
        (OVERLAP, found.overlapping, genes, limits.overlapping, 1, "overlap their gene"),
        (COMPLETE, found.complete, transcripts, limits.complete_frames, 1, "have a complete frame"),
        (STOPS, found.with_stops, transcripts, 0, limits.stops_in_frame, "have a stop in frame"),
        (REPEATED, found.repeated, genes, 0, limits.repeated, "have another's structure"),
    ):
        share = part / whole if whole else 0.0
        percent = round(100 * share, 1)
        things = "gene models" if check in (OVERLAP, REPEATED) else "transcripts"
        text = f"{percent}% of {whole:,} {things} {what}" if whole else f"there are no new {things}"
        yield Finding(check, least <= share <= most or not whole, text, {"percent": percent})
