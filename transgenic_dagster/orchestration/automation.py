"""Automation conditions: assets that are made without a click."""

import dagster as dg

SECONDS_BETWEEN_TICKS = 5


def when_stale() -> dg.AutomationCondition[dg.AssetKey]:
    """Condition of a partition that is new, has updated inputs or another code version.

    Each such event requests it once: after a failure it waits for the next event, or for a click.
    Nothing is requested before all its inputs exist and none of them is being made.
    """
    event = (
        dg.AutomationCondition.newly_missing()
        | dg.AutomationCondition.any_deps_updated()
        | dg.AutomationCondition.code_version_changed()
    )
    handled = dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
    return (
        event.since(handled)
        & ~dg.AutomationCondition.any_deps_missing()
        # An assembly whose genome cannot be read has no pieces at all.
        & dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("new, or stale")


def make_automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Make the sensor that evaluates the conditions; it is running from the start."""
    return dg.AutomationConditionSensorDefinition(
        name="annotate_what_is_stale",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        emit_backfills=False,  # the daemon looks for backfills every 30 s, for runs at once
        description="Predicts and merges whatever is new or has new inputs, and everything when "
        "the model changes.",
    )
