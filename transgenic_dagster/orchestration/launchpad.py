"""Form of the launchpad, and the lab as a resource.

Every option of the command line that a run may set is in the form. Options that are left out come
from the ``options.yaml`` of the assembly and of the home.
"""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import dagster as dg
from pydantic import Field, create_model

from transgenic_dagster.lab.offered_options import OPTION_NAMES
from transgenic_dagster.lab.wanted_files import ON_REQUEST
from transgenic_dagster.lab.workspace import Home, find_home
from transgenic_dagster.options import AnnotateOptions


class LabResource(dg.ConfigurableResource[Any]):
    """The lab's home, a folder of assemblies."""

    root: str = Field(
        default="", description="the folder; by default TRANSGENIC_HOME, else this folder"
    )

    @property
    def home(self) -> Home:
        """Paths inside the home."""
        return find_home(Path(self.root) if self.root else None)


def given_options(context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Options that somebody has set for a run; defaults that the form shows are none of them."""
    config: Mapping[str, Any] = context.run.run_config
    given = config.get("ops", {}).get(context.op_execution_context.op.name, {}).get("config", {})
    return {name: value for name, value in given.items() if value is not None}


def _field(name: str) -> Any:
    field = AnnotateOptions.model_fields[name]
    text, default = field.description or "", field.default
    if get_origin(field.annotation) is Literal:
        values = get_args(field.annotation)
        choices = Enum(name.title().replace("_", ""), {value: value for value in values})  # type: ignore[misc]
        return (choices, Field(default=choices[default], description=text))
    if name in ON_REQUEST:
        return (bool, Field(default=False, description=text))
    if field.annotation in {int, float, bool}:
        return (field.annotation, Field(default=default, description=text))
    shown = ",".join(default) if isinstance(default, tuple) else default
    return (str | None, Field(default=shown, description=text))


RunOptions: Any = create_model(
    "RunOptions",
    __base__=dg.Config,
    __doc__="Options of this run only, as on the command line of transgenic-annotate. What is left "
    "out comes from options.yaml, of the assembly first, then of the lab; defaults are those of "
    "the program.",
    **{name: _field(name) for name in OPTION_NAMES},
)
"""Configuration of every asset."""
