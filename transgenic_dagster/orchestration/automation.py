"""When assets are made without a click."""

import dagster as dg

SECONDS_BETWEEN_TICKS = 10


def when_stale(ignoring: dg.AssetKey | None = None) -> dg.AutomationCondition[dg.AssetKey]:
    """A partition is due when it is new, its inputs were renewed or its code version changed.

    Each such event makes it due once: whatever fails waits for the next one, or for a click.
    Nothing is due before its inputs are complete and at rest.

    Args:
        ignoring: an input whose renewal alone changes nothing.
    """
    renewed = dg.AutomationCondition.any_deps_updated()
    if ignoring is not None:
        renewed = renewed.ignore(dg.AssetSelection.assets(ignoring))
    event = (
        dg.AutomationCondition.newly_missing()
        | renewed
        | dg.AutomationCondition.code_version_changed()
    )
    handled = dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
    return (
        event.since(handled)
        & ~dg.AutomationCondition.any_deps_missing()
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
        description="Predicts and merges what is new, what has new inputs, and everything when "
        "the model changes.",
    )
