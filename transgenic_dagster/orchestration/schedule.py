"""Weekly schedule: assemblies whose annotation is not up to date are annotated again."""

from collections.abc import Iterator

import dagster as dg

from transgenic_dagster.errors import TransgenicError, UsageError
from transgenic_dagster.executors.dagster_private import UnresolvedAssetJobDefinition
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.registry import Registry
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.assets import REGION_DB, SORTED_GFF
from transgenic_dagster.run.fingerprint import code_version
from transgenic_dagster.run.state import read_run_summary

PREPARE_JOB = "prepare_assembly"
WEEKLY = "0 3 * * 0"
"""Sundays at three in the morning."""


def make_prepare_job() -> UnresolvedAssetJobDefinition:
    """Make the job that begins an annotation; automation conditions make the other assets."""
    return dg.define_asset_job(
        PREPARE_JOB,
        selection=dg.AssetSelection.assets(SORTED_GFF, REGION_DB),
        description="Sorts an assembly's annotation and makes its regions; predictions follow.",
    )


def why_stale(home: Home, registry: Registry, name: str) -> str | None:
    """Reason to annotate an assembly again; None where its final files are up to date.

    Raises:
        TransgenicError: its options cannot be used.
    """
    options = assembly_options(home, home.assembly(name))
    try:
        summary = read_run_summary(options.run_state_file)
    except UsageError:
        return "another version of this program made it"
    if summary is None:
        return "it has no annotation yet"
    digests = registry[name].digests
    for role in ("genome", "annotation"):
        if digests.get(role) != summary.fingerprint.values[role]:
            return f"its {role} has changed"
    if summary.version != code_version(options):
        return "the model or its options have changed"
    return None


def make_weekly_schedule(home: Home, registry: Registry) -> dg.ScheduleDefinition:
    """Make the schedule; it is running from the start."""

    @dg.schedule(
        name="weekly_reannotation",
        job_name=PREPARE_JOB,
        cron_schedule=WEEKLY,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Annotates assemblies that have no annotation yet, or whose inputs, model or "
        "options have changed since.",
    )
    def weekly_reannotation(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        requested = False
        for name, entry in registry.items():
            if entry.generation == 0 and not home.results(name).gff3.exists():
                continue  # put there by init; it waits for a click
            try:
                reason = why_stale(home, registry, name)
            except TransgenicError as error:
                context.log.error("%s: %s", name, error)
                continue
            if reason is not None:
                context.log.info("%s: %s", name, reason)
                requested = True
                time = context.scheduled_execution_time.isoformat()
                yield dg.RunRequest(run_key=f"{name} {time}", partition_key=name)
        if not requested:
            yield dg.SkipReason("Everything is up to date.")

    return weekly_reannotation
