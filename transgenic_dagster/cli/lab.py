"""The program ``transgenic-dagster``: makes a lab's folder, and puts assemblies into it."""

import argparse
import shlex
import sys
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded
from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.init import add_assembly, write_lab
from transgenic_dagster.lab.takeover import take_over_run
from transgenic_dagster.lab.workspace import HOME_VARIABLE, find_home
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
    elif asked.genome is None or asked.genes is None:
        raise UsageError("Name a genome and its genes, or a run with --run.")
    else:
        add_assembly(home, asked.name, asked.genome, asked.genes, copy=asked.copy)
    sys.stdout.write(
        f"{asked.name} is in {home.assemblies}; a running 'dagster dev' annotates it.\n"
    )


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
        "--run",
        dest="run_folder",
        type=Path,
        metavar="OUTPUT.work",
        help="folder of an interrupted transgenic-annotate, instead of genome and genes: its "
        "inputs are added, and what it has done is continued",
    )
    add.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help=f"the home (default: {HOME_VARIABLE}, else this folder)",
    )
    add.set_defaults(run=_add)
    return parser
