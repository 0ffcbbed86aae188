"""Asset checks: of the folders of the home, and of the final files."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from transgenic_dagster.executors.dagster_private import (
    AssetCheckEvaluationTargetMaterializationData,
)
from transgenic_dagster.lab.arrivals import describe_problems, problems_of
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.conditions import MERGED_GFF3, latest_record
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import ASSEMBLIES, ASSEMBLY, early_parts
from transgenic_dagster.orchestration.sensor import FOLDERS_CHECK
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
        for spec, found in _results(context.partition_key, lab.home):
            if spec.key in asked_for:
                yield dg.AssetCheckResult(**found)

    @dg.asset_check(
        asset=ASSEMBLY,
        name=FOLDERS_CHECK,
        description="Every folder in assemblies/ has a usable name, one genome and one annotation, "
        "and options that can be read. What is in the files is checked when they are sorted.",
    )
    def folders_can_be_used(lab: LabResource) -> dg.AssetCheckResult:
        problems = problems_of(lab.home)
        return dg.AssetCheckResult(passed=not problems, description=describe_problems(problems))

    return [checks_of_results, folders_can_be_used]


def evaluate_checks(
    instance: dg.DagsterInstance, home: Home, name: str
) -> Iterator[dg.AssetCheckEvaluation]:
    """Evaluate all checks of an assembly's files where another step than theirs has made these."""
    target = checked_result(instance, name)
    for spec, found in _results(name, home):
        yield dg.AssetCheckEvaluation(
            **found, blocking=spec.blocking, partition=name, target_materialization_data=target
        )


def checked_result(
    instance: dg.DagsterInstance, name: str
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """What checks of an assembly are on: its latest result; None where there is none."""
    record = latest_record(instance, MERGED_GFF3, name)
    return record and AssetCheckEvaluationTargetMaterializationData(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )


def _results(name: str, home: Home) -> Iterator[tuple[dg.AssetCheckSpec, dict[str, Any]]]:
    """Yield what all checks of an assembly's files have found."""
    from transgenic_dagster.lab.quality import check_quality  # slow to import

    specs = {spec.name: spec for spec in RESULT_CHECKS}
    for one in check_quality(home, name):
        spec = specs[one.check.name]
        yield (
            spec,
            {
                "check_name": spec.name,
                "asset_key": MERGED_GFF3,
                "passed": one.passed,
                "severity": dg.AssetCheckSeverity.ERROR
                if spec.blocking
                else dg.AssetCheckSeverity.WARN,
                "description": f"{name}: {one.text}",
                "metadata": {ASSEMBLY: name, **one.figures},
            },
        )
