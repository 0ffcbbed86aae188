"""All definitions of a home, built without heavy imports and without reading a genome."""

import dagster as dg

from transgenic_dagster.executors.choice import chosen_executor
from transgenic_dagster.lab.options import home_options
from transgenic_dagster.lab.registry import read_registry
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.assets import make_assets
from transgenic_dagster.orchestration.automation import make_automation_sensor
from transgenic_dagster.orchestration.checks import make_checks
from transgenic_dagster.orchestration.launchpad import RunOptions
from transgenic_dagster.orchestration.partitions import make_partitions
from transgenic_dagster.orchestration.schedule import make_prepare_job, make_weekly_schedule
from transgenic_dagster.orchestration.sensor import make_new_assemblies_sensor
from transgenic_dagster.run.fingerprint import code_version


def build_definitions(home: Home, executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
    """Build the definitions.

    Args:
        home: the lab's home.
        executor: runs the steps; by default the one that ``TRANSGENIC_EXECUTOR`` names.

    Raises:
        TransgenicError: the registry or the options of the home cannot be used.
    """
    registry = read_registry(home)
    partitions = make_partitions(registry)
    version = code_version(home_options(home))
    return dg.Definitions(
        assets=make_assets(home, partitions, version),
        asset_checks=[make_checks(home)],
        jobs=[make_prepare_job()],
        schedules=[make_weekly_schedule(home, registry)],
        sensors=[
            make_new_assemblies_sensor(home, registry, version),
            make_automation_sensor(),
        ],
        resources={"options": RunOptions()},
        executor=executor or chosen_executor(),
    )
