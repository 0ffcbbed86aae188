"""Dagster's entry point, which ``workspace.yaml`` loads: all definitions of the home."""

import dagster as dg

from transgenic_dagster.lab.workspace import find_home
from transgenic_dagster.orchestration.build import build_definitions

defs: dg.Definitions = build_definitions(find_home())
