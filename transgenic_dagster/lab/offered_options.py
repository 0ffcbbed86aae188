"""Options that a lab offers, and why it refuses the others."""

from typing import Final

from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.wanted_files import ON_REQUEST
from transgenic_dagster.options import AnnotateOptions

_TAKES_INPUTS = "a lab takes the files of assemblies/NAME/"
_NAMES_FILES = "a lab writes that file for every assembly, under its own name in runs/NAME/"
_RESUMES = "a lab keeps its runs in runs/NAME/ and always continues them"
_REFUSED: Final = {
    "fasta_file": _TAKES_INPUTS,
    "gff_file": _TAKES_INPUTS,
    "lift_from": "write the name of another assembly into options.yaml",  # two paths at the shell
    **dict.fromkeys(
        ("output", "reject_output", "gsf_output", "proteins", "refinements", "report"), _NAMES_FILES
    ),
    "plan": "a lab makes whatever is due; transgenic-annotate --plan only tells",
    "keep_db": "a lab keeps its region databases",
    "checkpoint_path": _RESUMES,
    "work_folder": _RESUMES,
    "resume": _RESUMES,
    "time_limit": "a lab's runs are ended and continued by Dagster",
}
"""Reasons by option."""

OPTION_NAMES: Final = tuple(name for name in AnnotateOptions.model_fields if name not in _REFUSED)
"""Options that can be set for a home, an assembly or a run."""

_OF_RUN: Final = "overwrite"


def check_offered(source: str, name: str, value: object, *, of_run: bool) -> None:
    """Check that a lab offers an option, in a file or for a single run.

    Args:
        source: where it is given, for messages.
        name: of the option.
        value: its value.
        of_run: whether it is given for a single run.

    Raises:
        UsageError: it does not; says why.
    """
    if name not in AnnotateOptions.model_fields:
        raise UsageError(f"{source}: {name} is not an option; remove it.")
    if name in _REFUSED:
        raise UsageError(f"{source}: {name} is decided by the lab; remove it ({_REFUSED[name]}).")
    if name == _OF_RUN and not of_run:
        raise UsageError(
            f"{source}: {name} would discard all predictions again and again; remove it, and give "
            "it to a single run in the launchpad."
        )
    if name in ON_REQUEST and not isinstance(value, bool):
        raise UsageError(
            f"{source}: {name}: true or false (got {str(value)!r}); the lab names the file itself."
        )
