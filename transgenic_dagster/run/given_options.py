"""Options as they are given by people: checked, and refused in one sentence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from transgenic_dagster.errors import UsageError
from transgenic_dagster.options import POSITIONAL, AnnotateOptions

_Options = TypeVar("_Options", bound=AnnotateOptions)


def parse_options(values: dict[str, Any]) -> AnnotateOptions:
    """Check option values.

    Raises:
        UsageError: see ``parse_as``.
    """
    return parse_as(AnnotateOptions, values)


def parse_as(options: type[_Options], values: dict[str, Any]) -> _Options:
    """Check values of options of some kind.

    Args:
        options: the kind.
        values: by name.

    Raises:
        UsageError: one sentence that names the first option at fault, its value and what it takes.
    """
    try:
        return options(**values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            problem = first["msg"].removeprefix("Value error, ")
            raise UsageError(f"{problem[:1].upper()}{problem[1:]}.") from error
        name = str(first["loc"][0])
        shown = name if name in POSITIONAL else f"--{name}"
        if name not in options.model_fields:
            raise UsageError(f"There is no option {shown}.") from error
        got = f" (got {str(values[name])!r})" if name in values else ""
        raise UsageError(f"{shown}: {_problem(options, name, first)}{got}.") from error


_TAKEN_BY = {
    "annotations": "two annotations or more are needed",
    "batch_size": "a whole number, 1 or more, or auto",
    "feature_types": "row types, separated by commas",
    "locus_prefix": "3 to 12 letters and digits, a letter first",
    "time_limit": "a duration is 1 second or more",
}


def _problem(options: type[AnnotateOptions], name: str, error: Mapping[str, Any]) -> str:
    """What an option takes, where its value is none of that."""
    if error["type"] == "value_error":  # ours
        return str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return "this option is needed"
    return _TAKEN_BY.get(name) or _kind(options.model_fields[name])


def _kind(field: FieldInfo) -> str:
    kinds = get_args(field.annotation) or (field.annotation,)
    if int in kinds:
        least = next((rule.ge for rule in field.metadata if hasattr(rule, "ge")), None)
        return "a whole number" if least is None else f"a whole number, {least} or more"
    if float in kinds:
        return "a number from 0 to 1"
    if all(isinstance(kind, str) for kind in kinds):
        return f"one of {', '.join(kinds)}"
    return {bool: "true or false", Path: "the name of a file"}.get(kinds[0], "a text")
