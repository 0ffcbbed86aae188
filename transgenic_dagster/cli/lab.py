"""The program ``transgenic-dagster``: makes a lab's folder; adds, renames, removes assemblies."""

import argparse
import shlex
import sys
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded
from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.init import add_assembly, write_lab
from transgenic_dagster.lab.moves import (
    delete_assembly,
    moved_paths,
    remove_assembly,
    renamed_assembly,
)
from transgenic_dagster.lab.options import LIFT_FROM
from transgenic_dagster.lab.takeover import take_over_run
from transgenic_dagster.lab.workspace import HOME_VARIABLE, check_name, find_home
from transgenic_dagster.options import DEFAULT_MODEL

PROGRAM = "transgenic-dagster"


def main(arguments: list[str] | None = None) -> int:
    """Run ``transgenic-dagster``.

    Args:
        arguments: those of the command line by default.

    Returns:
        The exit code.
    """
    asked = _parser().parse_args(arguments)
    return guarded(lambda: asked.run(asked), verbose=asked.verbose)


def _init(asked: argparse.Namespace) -> None:
    home = write_lab(asked.folder, asked.model)
    sys.stdout.write(
        f"{home.root} is ready, with the demo assembly in it. Go on with:\n"
        f"  cd {shlex.quote(str(asked.folder))} && dagster dev\n"
    )


def _add(asked: argparse.Namespace) -> None:
    home = find_home(asked.home)
    if asked.run_folder is not None:
        take_over_run(home, asked.name, asked.run_folder, copy=asked.copy)
    elif asked.genome is None or (asked.genes is None) == (asked.lift_from is None):
        raise UsageError("Name a genome, with its genes or --lift_from; or a run with --run.")
    else:
        options = f"{LIFT_FROM}: {check_name(asked.lift_from)}\n" if asked.lift_from else ""
        add_assembly(home, asked.name, asked.genome, asked.genes, copy=asked.copy, options=options)
    sys.stdout.write(
        f"{asked.name} is in {home.assemblies}; a running 'dagster dev' annotates it.\n"
    )


def _remove(asked: argparse.Namespace) -> None:
    from transgenic_dagster.orchestration.history import forget, opened_instance

    home = find_home(asked.home)
    with opened_instance(home) as instance:
        if asked.delete:
            if not asked.yes:
                raise UsageError(
                    f"This deletes {asked.name} and its results for good; repeat it with --yes, or "
                    "leave out --delete to keep them in the trash."
                )
            delete_assembly(home, asked.name)
            what = "deleted; files that it linked to are where they were"
        else:
            what = f"now in {remove_assembly(home, asked.name)}; delete that when you are sure"
        forget(instance, asked.name)
    sys.stdout.write(f"{asked.name} is {what}.\n")


def _rename(asked: argparse.Namespace) -> None:
    from transgenic_dagster.orchestration.history import forget, opened_instance, remember, retell

    home, old, new = find_home(asked.home), asked.name, asked.new_name
    with opened_instance(home) as instance:
        with renamed_assembly(home, old, new):
            retell(instance, old, new, moved_paths(home, old, new))
        remember(instance, home, new)
        forget(instance, old)
    sys.stdout.write(f"{old} is {new} now, with its results; nothing is predicted again.\n")


def _migrate(asked: argparse.Namespace) -> None:
    from transgenic_dagster.orchestration.history import migrate

    for line in migrate(find_home(asked.home)):
        sys.stdout.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Keep a lab's assemblies annotated with Dagster.",
    )
    add_common_options(parser, PROGRAM)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    init = commands.add_parser(
        "init",
        help="make a lab's folder, with the demo assembly in it",
        description="Make a lab's folder: the home of its assemblies, Dagster's settings and the "
        "demo assembly. Then: cd DIR && dagster dev",
    )
    init.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")

    init.add_argument(
        "-m",
        "--model",
        help="of all assemblies: local folder or hub name, or demo to try things out "
        f"(default: {DEFAULT_MODEL})",
    )

    init.set_defaults(run=_init)

    add = commands.add_parser(
        "add",
        help="put an assembly into the home",
        description="Put an assembly into the home; it is complete before it is visible there. A "
        "running 'dagster dev' annotates it without being asked.",
    )
    add.add_argument("name", metavar="NAME", help="letters, digits and ._-")
    add.add_argument("genome", type=Path, nargs="?", help="FASTA; plain, gzip or bgzip")
    add.add_argument("genes", type=Path, nargs="?", help="GFF3, GTF or BED; plain, gzip or bgzip")
    add.add_argument("--copy", action="store_true", help="copy the files rather than link to them")
    add.add_argument(
        "--lift_from",
        "--lift-from",
        metavar="OTHER",
        help="an assembly of the home, instead of genes: its genes are looked for in the genome",
    )
    add.add_argument(
        "--run",
        dest="run_folder",
        type=Path,
        metavar="OUTPUT.work",
        help="folder of an interrupted transgenic-annotate, instead of genome and genes: its "
        "inputs are added, and what it has done is continued",
    )
    _add_home(add)
    add.set_defaults(run=_add)

    remove = commands.add_parser(
        "remove",
        help="take an assembly out of the home, with its results",
        description="Move an assembly and its results to the home's folder .trash, and its "
        "partitions out of Dagster.",
    )
    remove.add_argument("name", metavar="NAME", help="of the assembly")
    remove.add_argument(
        "--delete", action="store_true", help="delete everything for good; needs --yes as well"
    )
    remove.add_argument("--yes", action="store_true", help="yes, delete it")
    _add_home(remove)
    remove.set_defaults(run=_remove)

    rename = commands.add_parser(
        "rename",
        help="give an assembly another name; nothing is predicted again",
        description="Give an assembly another name, with its results and what Dagster knows of "
        "them; nothing is predicted again.",
    )
    rename.add_argument("name", metavar="OLD", help="present name")
    rename.add_argument("new_name", metavar="NEW", help="letters, digits and ._-")
    _add_home(rename)
    rename.set_defaults(run=_rename)

    migrate = commands.add_parser(
        "migrate",
        help="bring a lab of an earlier release up to date; nothing is predicted again",
        description="Bring a lab of an earlier release up to date: Dagster's settings, partitions "
        "and what it knows of results. Stop Dagster before. Nothing is predicted again; files that "
        "are replaced are kept in .before-migration.",
    )
    _add_home(migrate)
    migrate.set_defaults(run=_migrate)
    return parser


def _add_home(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help=f"the home (default: {HOME_VARIABLE}, else this folder)",
    )
