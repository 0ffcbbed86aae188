"""Form of the launchpad: every option of the command line that a run may set, as a resource.

Options that are left out come from the ``options.yaml`` of the assembly and of the home.
"""

from typing import Any, Literal, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model

from transgenic_dagster.lab.options import OPTION_NAMES
from transgenic_dagster.options import AnnotateOptions


class RunOptionsBase(dg.ConfigurableResource[Any]):
    """Options of a single run; the fields come from the options model."""

    def given(self) -> dict[str, Any]:
        """Options that were set, by name."""
        values = {name: getattr(self, name) for name in OPTION_NAMES}
        return {
            name: getattr(value, "value", value)
            for name, value in values.items()
            if value is not None
        }


def _form_type(annotation: Any) -> Any:
    """Type that the launchpad can show; the options model parses texts later."""
    return annotation | None if annotation in {int, bool} else str | None


def _form_field(name: str) -> Any:
    field = AnnotateOptions.model_fields[name]
    text = field.description or ""
    if get_origin(field.annotation) is Literal:
        text += f" ({', '.join(get_args(field.annotation))})"
    return (_form_type(field.annotation), Field(default=None, description=text))


RunOptions: Any = create_model(
    "RunOptions",
    __base__=RunOptionsBase,
    __doc__="Options of this run only, as on the command line of transgenic-annotate.",
    **{name: _form_field(name) for name in OPTION_NAMES},
)
"""The resource ``options``."""
