"""The command line's options, derived from the options model."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from transgenic_dagster import __version__
from transgenic_dagster.options import (
    GROUPS,
    POSITIONAL,
    AnnotateOptions,
    option_extra,
)
from transgenic_dagster.run.judging_options import RefereeOptions, ScoreOptions

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
    return _parser(
        PROGRAM,
        "Re-annotate a genome with TransGenic: read a window of DNA around every gene and write "
        "the gene structures that the model sees in it.",
        options.model_fields,
    )


def score_parser() -> argparse.ArgumentParser:
    """Parser of ``transgenic-score``, likewise."""
    return _parser(
        "transgenic-score",
        "Score an annotation with TransGenic: how likely the model finds each gene, transcript and "
        "boundary, and where it would rather have them; the most doubtful gene comes first.",
        ScoreOptions.of_program(),
    )


def referee_parser() -> argparse.ArgumentParser:
    """Parser of ``transgenic-referee``, likewise."""
    return _parser(
        "transgenic-referee",
        "Pick, of several annotations of one genome, the genes that TransGenic finds likeliest, "
        "locus by locus.",
        RefereeOptions.of_program(),
    )


def _parser(
    program: str, description: str, fields: Mapping[str, FieldInfo]
) -> argparse.ArgumentParser:
    by_place = [name for name in POSITIONAL if name in fields]
    parser = argparse.ArgumentParser(
        prog=program,
        usage=_usage(by_place, fields),
        description=description,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_help=False,
    )
    positional = parser.add_argument_group("Input")
    for name in by_place:
        several = "+" if fields[name].annotation == tuple[Path, ...] else None
        positional.add_argument(name, nargs=several, help=_help(fields[name]))
    for title in GROUPS:
        of_group = {n: f for n, f in fields.items() if option_extra(f).get("group") == title}
        if of_group:
            group = parser.add_argument_group(title)
            for name, field in of_group.items():
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
_LIFT_FROM, _LIFTED = "lift_from", "gff_file"


def _usage(by_place: Sequence[str], fields: Mapping[str, FieldInfo]) -> str:
    ways = [" ".join(by_place)]
    if _LIFT_FROM in fields:
        others = [name for name in by_place if name != _LIFTED]
        metavar = option_extra(fields[_LIFT_FROM])["metavar"]
        ways.append(f"{' '.join(others)} --{_LIFT_FROM} {metavar}")
    return "\n       ".join(f"%(prog)s [options] {way}" for way in ways)


class _InPlaceOfGffFile(argparse.Action):
    """Takes the values of ``--lift_from``, with which no ``gff_file`` is needed."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002  (as argparse calls it)
    ) -> None:
        """Keep the values."""
        setattr(namespace, self.dest, values)
        for action in parser._actions:
            if action.dest == _LIFTED:
                action.required = False


def _add(group: "argparse._ArgumentGroup", name: str, field: FieldInfo) -> None:
    flags = [_SHORT[name]] if name in _SHORT else []
    flags.append(f"--{name}")
    if field.annotation is bool:
        group.add_argument(*flags, action="store_true", help=_help(field))
        return
    if name == _LIFT_FROM:
        metavar = tuple(option_extra(field)["metavar"].split())
        group.add_argument(
            *flags, nargs=2, metavar=metavar, action=_InPlaceOfGffFile, help=_help(field)
        )
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
