"""What ``workspace.yaml`` loads: everything of the home, as Dagster knows it."""

import dagster as dg

from transgenic_dagster.orchestration.build import build_definitions
from transgenic_dagster.orchestration.home import find_home

defs: dg.Definitions = build_definitions(find_home())
