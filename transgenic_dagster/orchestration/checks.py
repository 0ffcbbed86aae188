"""Asset checks: of the folders of the home, and of the final files."""

from collections.abc import Iterator

import dagster as dg

from transgenic_dagster.lab.arrivals import problems_of
from transgenic_dagster.orchestration.conditions import MERGED_GFF3
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import ASSEMBLIES, ASSEMBLY, early_parts
from transgenic_dagster.orchestration.sensor import FOLDERS_CHECK, describe_problems
from transgenic_dagster.quality import result_checks

PARTITIONED = True
"""Whether each assembly has its own results of the checks; Dagster 1.13 calls that a preview."""


def _spec(check: result_checks.ResultCheck) -> dg.AssetCheckSpec:
    with early_parts():
        return dg.AssetCheckSpec(
            check.name,
            asset=MERGED_GFF3,
            blocking=check.is_blocking,
            description=check.description,
            partitions_def=ASSEMBLIES if PARTITIONED else None,
        )


RESULT_CHECKS = tuple(map(_spec, result_checks.RESULT_CHECKS))


def make_checks() -> list[dg.AssetChecksDefinition]:
    """Define the checks; one step runs all those of an assembly's files."""

    @dg.multi_asset_check(name="result_checks", specs=RESULT_CHECKS, can_subset=True)
    def checks_of_results(
        context: dg.AssetCheckExecutionContext, lab: LabResource
    ) -> Iterator[dg.AssetCheckResult]:
        if not context.has_partition_key:  # "Execute all" in Dagster's pages
            raise dg.Failure(
                "Dagster cannot execute checks of one assembly yet; materialize merged_gff3 of the "
                "assembly, which checks it as well.",
                allow_retries=False,
            )
        asked_for = context.selected_asset_check_keys
        for result in _results(context.partition_key, lab):
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

    return [checks_of_results, folders_can_be_used]


def _results(name: str, lab: LabResource) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of all checks of an assembly's files."""
    from transgenic_dagster.lab.quality import check_quality  # slow to import

    for one in check_quality(lab.home, name):
        blocking = one.check.is_blocking
        yield dg.AssetCheckResult(
            check_name=one.check.name,
            asset_key=MERGED_GFF3,
            passed=one.passed,
            severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
            description=f"{name}: {one.text}",
            metadata={ASSEMBLY: name, **one.figures},
        )
