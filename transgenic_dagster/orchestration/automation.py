"""When assets are made without a click."""

import dagster as dg

SECONDS_BETWEEN_TICKS = 5


def when_stale() -> dg.AutomationCondition[dg.AssetKey]:
    """A partition is due when it is new, its inputs were renewed or its code version changed.

    Each such event makes it due once: whatever fails waits for the next one, or for a click.
    Nothing is due before its inputs are there, complete and at rest.
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
    """The sensor that evaluates the conditions; it runs from the start."""
    return dg.AutomationConditionSensorDefinition(
        name="annotate_what_is_stale",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        emit_backfills=False,  # backfills are looked at every 30 s only, runs at once
        description="Predicts and merges what is new, what has new inputs, and everything when "
        "the model changes.",
    )
