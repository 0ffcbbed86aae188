"""Asset checks: of the folders of the home, and of the final files, read back from the disk."""

from collections.abc import Iterator

import dagster as dg

from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.lab.arrivals import problems_of
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.assets import MERGED_GFF3
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import ASSEMBLIES, ASSEMBLY, early_parts
from transgenic_dagster.orchestration.sensor import FOLDERS_CHECK, describe_problems
from transgenic_dagster.quality.recount import recount
from transgenic_dagster.quality.structures import Structures, read_structures

PARTITIONED = True
"""Whether each assembly has its own results of the checks; Dagster 1.13 calls that a preview."""
LEAST_ANNOTATED = 50.0
LEAST_OVERLAPPING = 95.0
LEAST_COMPLETE = 50.0
MOST_WITH_STOPS = 5.0
MOST_REPEATED = 20.0
_FAULTS_SHOWN = 10


def _spec(name: str, description: str, *, blocking: bool = False) -> dg.AssetCheckSpec:
    with early_parts():
        return dg.AssetCheckSpec(
            name,
            asset=MERGED_GFF3,
            blocking=blocking,
            description=description,
            partitions_def=ASSEMBLIES if PARTITIONED else None,
        )


ACCOUNTING = _spec(
    "accounting_adds_up",
    "Every gene of the input is annotated, rejected or skipped, exactly once.",
    blocking=True,
)
VALID_GFF3 = _spec(
    "gff3_is_valid",
    "Columns, coordinates, phases, IDs and parents follow the GFF3 specification.",
    blocking=True,
)
GENE_COUNT = _spec(
    "gene_count_is_plausible",
    f"At least {LEAST_ANNOTATED:.0f}% of the input's genes have a gene model.",
)
OVERLAP = _spec(
    "genes_overlap_their_input",
    f"At least {LEAST_OVERLAPPING:.0f}% of the gene models share a base with their input gene.",
)
COMPLETE = _spec(
    "reading_frames_are_complete",
    f"At least {LEAST_COMPLETE:.0f}% of the transcripts run from a start codon to a stop codon.",
)
STOPS = _spec(
    "no_stops_in_frame",
    f"At most {MOST_WITH_STOPS:.0f}% of the transcripts have a stop codon inside their frame.",
)
REPEATED = _spec(
    "structures_differ",
    f"At most {MOST_REPEATED:.0f}% of the gene models have the structure of another one; a model "
    "that has memorised some genes repeats them.",
)
RESULT_CHECKS = (ACCOUNTING, VALID_GFF3, GENE_COUNT, OVERLAP, COMPLETE, STOPS, REPEATED)


def make_checks() -> list[dg.AssetChecksDefinition]:
    """Define the checks; one step runs all those of an assembly's files."""

    @dg.multi_asset_check(name="result_checks", specs=RESULT_CHECKS, can_subset=True)
    def result_checks(
        context: dg.AssetCheckExecutionContext, lab: LabResource
    ) -> Iterator[dg.AssetCheckResult]:
        asked_for = context.selected_asset_check_keys
        for result in _results(lab.home, context.partition_key):
            if dg.AssetCheckKey(MERGED_GFF3, str(result.check_name)) in asked_for:
                yield result

    @dg.asset_check(
        asset=ASSEMBLY,
        name=FOLDERS_CHECK,
        description="Every folder in assemblies/ has a usable name, one genome and one annotation, "
        "and options that can be read. What is in the files is checked when they are sorted.",
    )
    def folders_can_be_used(lab: LabResource) -> dg.AssetCheckResult:
        problems = problems_of(lab.home)
        text = describe_problems(problems) or "all folders can be used"
        return dg.AssetCheckResult(passed=not problems, description=text)

    return [result_checks, folders_can_be_used]


def _results(home: Home, name: str) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of all checks of an assembly's files."""
    folder, paths = home.run(name), home.results(name)
    counts = recount(folder.region_db, paths.gff3, paths.rejects)
    faults = "; ".join(counts.faults[:_FAULTS_SHOWN])
    good = "every gene is accounted for"
    yield _result(ACCOUNTING, name, not faults, faults or good, counts.counts())
    read = check_gff3(paths.gff3)
    faults = "; ".join(read.faults[:_FAULTS_SHOWN])
    yield _result(VALID_GFF3, name, not faults, faults or "no fault found", {"rows": read.rows})
    figures = read_structures(paths.gff3, folder.region_db)
    annotated = round(100 * counts.annotated / counts.genes, 1)
    text = f"{annotated}% of {counts.genes:,} genes have a gene model"
    metadata = {"annotated_percent": annotated, **counts.counts()}
    yield _result(GENE_COUNT, name, annotated >= LEAST_ANNOTATED, text, metadata)
    yield from _structure_results(name, figures)


def _structure_results(name: str, figures: Structures) -> Iterator[dg.AssetCheckResult]:
    """Yield what the gene models say of themselves."""
    genes, transcripts = figures.genes, figures.transcripts
    for spec, part, whole, least, most, what in (
        (OVERLAP, figures.overlapping, genes, LEAST_OVERLAPPING, 100, "overlap their gene"),
        (COMPLETE, figures.complete, transcripts, LEAST_COMPLETE, 100, "have a complete frame"),
        (STOPS, figures.with_stops, transcripts, 0, MOST_WITH_STOPS, "have a stop in frame"),
        (REPEATED, figures.repeated, genes, 0, MOST_REPEATED, "have another's structure"),
    ):
        percent = round(100 * part / whole, 1) if whole else 0.0
        things = "gene models" if spec in (OVERLAP, REPEATED) else "transcripts"
        text = f"{percent}% of {whole:,} {things} {what}"
        passed = least <= percent <= most or not whole
        yield _result(spec, name, passed, text, {"percent": percent})


def _result(
    spec: dg.AssetCheckSpec,
    name: str,
    passed: bool,
    text: str,
    metadata: dict[str, int] | dict[str, float],
) -> dg.AssetCheckResult:
    severity = dg.AssetCheckSeverity.ERROR if spec.blocking else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=bool(passed),
        severity=severity,
        description=f"{name}: {text}",
        metadata={ASSEMBLY: name, **metadata},
    )
