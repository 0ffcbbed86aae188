"""The lab as a component of Dagster, and all its definitions.

Nothing here reads an assembly or an option file, so a lab always loads.
"""

import dagster as dg
from pydantic import Field

from transgenic_dagster.executors.choice import chosen_executor
from transgenic_dagster.lab.arrivals import REST_SECONDS
from transgenic_dagster.orchestration.alerts import EmailAlerts, make_alerts
from transgenic_dagster.orchestration.assets import make_assets
from transgenic_dagster.orchestration.checks import make_checks
from transgenic_dagster.orchestration.conditions import make_conditions_sensor
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.sensor import make_assemblies_sensor

ASSEMBLIES_AT_ONCE = 8


class TransgenicLab(dg.Component, dg.Model, dg.Resolvable):
    """A folder of assemblies, each of which is re-annotated with a TransGenic model."""

    home: str = Field(
        default="",
        description="folder of the assemblies; by default TRANSGENIC_HOME, else this folder",
    )
    assemblies_at_once: int = Field(
        default=ASSEMBLIES_AT_ONCE,
        ge=1,
        description="so many assemblies are annotated at once; others wait",
    )
    rest_seconds: float = Field(
        default=REST_SECONDS,
        ge=0,
        description="files that have not changed for so long are complete",
    )
    alert_webhook: str | None = Field(
        default=None, description="address that gets a JSON text when a run fails"
    )
    alert_email: EmailAlerts | None = Field(
        default=None, description="mail server and recipients of a mail when a run fails"
    )

    def build_defs(self, context: dg.ComponentLoadContext | None = None) -> dg.Definitions:  # noqa: ARG002
        """Build the definitions of the lab."""
        return self.definitions()

    def definitions(self, executor: dg.ExecutorDefinition | None = None) -> dg.Definitions:
        """Build the definitions of the lab.

        Args:
            executor: runs the steps; by default the one that ``TRANSGENIC_EXECUTOR`` names.
        """
        lab = LabResource(root=self.home)
        return dg.Definitions(
            assets=make_assets(lab.home),
            asset_checks=make_checks(),
            sensors=[
                make_assemblies_sensor(self.assemblies_at_once, self.rest_seconds),
                make_conditions_sensor(),
                *make_alerts(self.alert_webhook, self.alert_email),
            ],
            resources={"lab": lab},
            executor=executor or chosen_executor(),
        )
