"""How an option is defined: its default, its help, and whether results depend on it."""

from enum import IntEnum
from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo

FILES = "Files"
REGIONS = "Regions"
MODEL = "Model"
SENTENCES = "Gene sentences"
GENE_MODELS = "Gene models"
NAMES = "Names"
FILTERS = "Filters"
MACHINE = "Machine and speed"
DURABILITY = "Interruption and resume"
GROUPS = (FILES, REGIONS, MODEL, SENTENCES, GENE_MODELS, NAMES, FILTERS, MACHINE, DURABILITY)

POSITIONAL = ("fasta_file", "gff_file", "annotations")
"""Options that the command line takes by their place."""


class Stage(IntEnum):
    """The stages of a run, in order; each depends on the options of those before it."""

    SORTING = 1
    REGIONS = 2
    PREDICTIONS = 3
    RESULTS = 4


def option(
    default: Any,
    group: str,
    text: str,
    metavar: str = "",
    *,
    affects_results: bool = False,
    stage: Stage = Stage.PREDICTIONS,
    without_effect: Any = None,
    **limits: Any,
) -> Any:
    """Define an option.

    Args:
        default: its value unless it is given.
        group: heading of the help that it stands under.
        text: its help.
        metavar: name of its value in the help.
        affects_results: whether another value gives other results; fingerprints of runs and code
            versions of assets follow from this alone.
        stage: the first stage whose outcome depends on it, if it affects results.
        without_effect: the value with which results are as they were before there was this option;
            fingerprints leave it out, so that journals of earlier runs stay valid.
        limits: what pydantic checks.
    """
    extra: dict[str, Any] = {"group": group, "metavar": metavar}
    if affects_results:
        extra |= {"stage": stage, "without_effect": without_effect}
    return Field(default, description=text, json_schema_extra=extra, **limits)


def option_extra(field: FieldInfo) -> dict[str, Any]:
    """Notes of ``option`` about an option: group, metavar, and the stage that it affects."""
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}
