"""What ``workspace.yaml`` loads: everything of the home, as Dagster knows it."""

import dagster as dg

from transgenic_dagster.lab.workspace import find_home
from transgenic_dagster.orchestration.build import build_definitions

defs: dg.Definitions = build_definitions(find_home())
