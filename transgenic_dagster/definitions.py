"""Dagster's entry point: the definitions of the home, and the component for other projects."""

import dagster as dg

from transgenic_dagster.orchestration.component import TransgenicLab

__all__ = ["TransgenicLab", "defs"]

defs: dg.Definitions = TransgenicLab().definitions()
