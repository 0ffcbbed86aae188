"""The command line's options, derived from the options model."""

import argparse
from collections.abc import Sequence
from typing import Any, get_args

from pydantic.fields import FieldInfo

from transgenic_dagster import __version__
from transgenic_dagster.options import GROUPS, AnnotateOptions, option_extra

PROGRAM = "transgenic-annotate"
EXIT_CODES = """\
exit codes:
  0    done; rejected and skipped genes are in the reject file
  2    bad usage or input
  3    something is missing on this machine (model, AGAT, GPU)
  4    the model's checkpoint does not fit
  5    the run failed (disk full, ...); fix the problem and continue with --resume
  75   time limit reached; continue with --resume
  129, 130, 143  interrupted by SIGHUP, SIGINT, SIGTERM; continue with --resume
  141  nobody reads the standard output any more
"""


def with_underscores(arguments: Sequence[str]) -> list[str]:
    """Rewrite ``--some-option`` as ``--some_option``; both spellings are accepted."""
    rewritten: list[str] = []
    for i, argument in enumerate(arguments):
        if argument == "--":
            return [*rewritten, *arguments[i:]]
        name, equals, value = argument.partition("=")
        if name.startswith("--"):
            name = "--" + name[2:].replace("-", "_")
        rewritten.append(name + equals + value)
    return rewritten


def annotate_parser(
    options: type[AnnotateOptions] = AnnotateOptions,
) -> argparse.ArgumentParser:
    """Parser of ``transgenic-annotate``; only options that are given appear in its result.

    Args:
        options: the model that the options come from.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage="%(prog)s [options] fasta_file gff_file",
        description="Re-annotate a genome with TransGenic: read a window of DNA around every "
        "gene and write the gene structures that the model sees in it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    fields = options.model_fields
    positional = parser.add_argument_group("Input")
    for name in ("fasta_file", "gff_file"):
        positional.add_argument(name, help=_help(fields[name]))
    for title in GROUPS:
        group = parser.add_argument_group(title)
        for name, field in fields.items():
            if option_extra(field).get("group") == title:
                _add(group, name, field)
    messages = parser.add_argument_group("Messages")
    loudness = messages.add_mutually_exclusive_group()
    loudness.add_argument("--quiet", action="store_true", help="say only what went wrong")
    loudness.add_argument(
        "--verbose", action="store_true", help="say more, and show tracebacks of errors"
    )
    messages.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}", help="show the version"
    )
    messages.add_argument("-h", "--help", action="help", help="show this help")
    return parser


_SHORT = {"output": "-o", "model": "-m"}


def _add(group: "argparse._ArgumentGroup", name: str, field: FieldInfo) -> None:
    flags = [_SHORT[name]] if name in _SHORT else []
    flags.append(f"--{name}")
    if field.annotation is bool:
        group.add_argument(*flags, action="store_true", help=_help(field))
        return
    choices = _choices(field.annotation)
    if choices:
        group.add_argument(*flags, choices=choices, help=_help(field))
    else:
        group.add_argument(*flags, metavar=option_extra(field)["metavar"], help=_help(field))


def _choices(annotation: Any) -> tuple[str, ...]:
    values = get_args(annotation)
    return values if values and all(isinstance(value, str) for value in values) else ()


def _help(field: FieldInfo) -> str:
    text = (field.description or "").replace("%", "%%")
    default = field.default
    if field.is_required() or default is None or isinstance(default, bool):
        return text
    shown = ",".join(default) if isinstance(default, tuple) else default
    return f"{text} (default: {shown})"
