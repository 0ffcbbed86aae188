"""Asset checks of the final files, which they read back from the disk."""

from collections.abc import Iterator, Sequence

import dagster as dg

from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.assets import MERGED_GFF3
from transgenic_dagster.quality.recount import recount
from transgenic_dagster.system.wording import counted

MOST_REJECTED = 0.2
LEAST_ANNOTATED = 0.5
_FAULTS_SHOWN = 10

ACCOUNTING = dg.AssetCheckSpec(
    "accounting_adds_up",
    asset=MERGED_GFF3,
    blocking=True,
    description="Every gene of the input is annotated, rejected or skipped, exactly once.",
)
VALID_GFF3 = dg.AssetCheckSpec(
    "gff3_is_valid",
    asset=MERGED_GFF3,
    blocking=True,
    description="Columns, coordinates, phases, IDs and parents follow the GFF3 specification.",
)
REJECT_SHARE = dg.AssetCheckSpec(
    "reject_share_is_plausible",
    asset=MERGED_GFF3,
    description=f"At most {MOST_REJECTED:.0%} of the genes that the model read have no gene model.",
)
GENE_COUNT = dg.AssetCheckSpec(
    "gene_count_is_plausible",
    asset=MERGED_GFF3,
    description=f"At least {LEAST_ANNOTATED:.0%} of the input's genes have a gene model.",
)


def make_checks(home: Home) -> dg.AssetChecksDefinition:
    """Define the checks of a home; one step runs them all."""

    @dg.multi_asset_check(
        name="result_checks", specs=[ACCOUNTING, VALID_GFF3, REJECT_SHARE, GENE_COUNT]
    )
    def result_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        name = context.partition_key
        results = home.results(name)
        counts = recount(home.run(name).region_db, results.gff3, results.rejects)
        metadata = {"assembly": name, **counts.counts()}
        good = "every gene is accounted for"
        yield _result(ACCOUNTING, name, counts.faults, good, metadata)

        read = check_gff3(results.gff3)
        metadata = {"assembly": name, "rows": read.rows}
        yield _result(VALID_GFF3, name, read.faults, "no fault found", metadata)

        rejected = counts.rejected / counts.regions
        yield dg.AssetCheckResult(
            check_name=REJECT_SHARE.name,
            asset_key=MERGED_GFF3,
            passed=rejected <= MOST_REJECTED,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{name}: {rejected:.1%} of {counted(counts.regions, 'gene')} that "
            "the model read without a gene model",
            metadata={"assembly": name, **counts.counts()},
        )
        annotated = counts.annotated / counts.genes
        yield dg.AssetCheckResult(
            check_name=GENE_COUNT.name,
            asset_key=MERGED_GFF3,
            passed=annotated >= LEAST_ANNOTATED,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{name}: {annotated:.1%} of {counted(counts.genes, 'gene')} "
            "with a gene model",
            metadata={"assembly": name, **counts.counts()},
        )

    return result_checks


def _result(
    spec: dg.AssetCheckSpec,
    name: str,
    faults: Sequence[str],
    good: str,
    metadata: dict[str, int | str],
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=spec.name,
        asset_key=spec.asset_key,
        passed=not faults,
        description=f"{name}: {'; '.join(faults[:_FAULTS_SHOWN]) or good}",
        metadata=metadata,
    )
