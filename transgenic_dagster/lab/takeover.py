"""Takes a run that was begun at the shell over into a lab, which goes on where it was."""

from pathlib import Path
from typing import Any

import yaml

from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.init import add_assembly
from transgenic_dagster.lab.offered_options import OPTION_NAMES
from transgenic_dagster.lab.options import home_options
from transgenic_dagster.lab.wanted_files import without_paths
from transgenic_dagster.lab.workspace import MADE_BY, Home
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.annotate import run_description
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_options import parse_options


def take_over_run(home: Home, name: str, work_folder: Path, *, copy: bool) -> None:
    """Put the assembly of an interrupted run into a home, with all that the run has done.

    Args:
        home: it must be there.
        name: of the assembly; a new one.
        work_folder: the run's folder, ``OUTPUT.work``; it stays as it is.
        copy: copy the input files rather than link to them.

    Raises:
        InputError: an input file is missing, or the genome cannot be read.
        UsageError: the folder is not a run's, or in use; or the name cannot be used.
    """
    run, target = RunFolder(work_folder), home.run(name)
    marked = run.marked()
    if marked is None or "options" not in marked:
        raise UsageError(
            f"{work_folder} is not the folder of a run; name the OUTPUT.work of an interrupted "
            "transgenic-annotate."
        )
    if target.root.exists():
        raise UsageError(
            f"{target.root} has results of an assembly {name} already; choose another name."
        )
    options = parse_options(marked["options"])
    with run.locked():

        def bring_run() -> None:
            target.mark(MADE_BY, run_description(options))
            run.copy_to(target)

        add_assembly(
            home,
            name,
            options.fasta_file,
            options.gff_file,
            copy=copy,
            options=yaml.safe_dump(_unlike_home(options, home_options(home))),
            before_visible=bring_run,
        )


def _unlike_home(options: AnnotateOptions, of_home: AnnotateOptions) -> dict[str, Any]:
    """Options of the run that the home has otherwise, for the assembly's ``options.yaml``."""
    values, given_by_home = map(without_paths, (options, of_home))
    values["device"] = _device_type(options.device)
    if Path(options.model).is_dir():
        values["model"] = str(Path(options.model).absolute())
    if options.names_from:
        values["names_from"] = str(options.names_from.absolute())
    values["overwrite"] = given_by_home["overwrite"]  # what was to be discarded is gone
    return {name: values[name] for name in OPTION_NAMES if values[name] != given_by_home[name]}


def _device_type(device: str | None) -> str | None:
    """The kind of device; which GPU it is, a lab decides itself."""
    if device is None or device.startswith("cpu"):
        return device
    return "cuda"
