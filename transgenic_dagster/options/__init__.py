"""All options of a run: how one is defined, which there are, and which go together."""

from transgenic_dagster.options.annotate_options import AnnotateOptions
from transgenic_dagster.options.definition import (
    FILES,
    GROUPS,
    POSITIONAL,
    SENTENCES,
    Stage,
    option,
    option_extra,
)
from transgenic_dagster.options.file_names import run_state_file_of
from transgenic_dagster.options.option_table import DEFAULT_MODEL

__all__ = [
    "DEFAULT_MODEL",
    "FILES",
    "GROUPS",
    "POSITIONAL",
    "SENTENCES",
    "AnnotateOptions",
    "Stage",
    "option",
    "option_extra",
    "run_state_file_of",
]
