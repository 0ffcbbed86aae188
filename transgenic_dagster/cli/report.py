"""The program ``transgenic-report``: the report of a finished run."""

import argparse
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded

PROGRAM = "transgenic-report"


def main() -> int:
    """Run ``transgenic-report``."""
    arguments = _parser().parse_args()
    return guarded(lambda: _report(arguments), verbose=arguments.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Write a report on the result and the quality of a finished run: one HTML page "
        "that needs no network. What it compares with the input needs the input annotation, "
        "unchanged, where it was.",
    )
    parser.add_argument(
        "run", type=Path, help="the annotation that a run wrote (OUTPUT.gff3), or its .ckpt.json"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="report to write (OUTPUT.report.html)"
    )
    parser.add_argument(
        "--changes", type=Path, metavar="FILE", help="also write what became of each input gene"
    )
    parser.add_argument(
        "--check_submission",
        type=Path,
        metavar="FILE",
        help="also write what NCBI's table2asn would refuse, and what to do",
    )
    parser.add_argument(
        "--quality",
        default="",
        metavar="TOOLS",
        help="outside measures, comma-separated: psauron, busco, omark",
    )
    add_common_options(parser, PROGRAM)
    return parser


def _report(arguments: argparse.Namespace) -> None:
    from transgenic_dagster.run.report import make_report

    tools = [name.strip() for name in arguments.quality.split(",") if name.strip()]
    submission = None
    if arguments.check_submission:
        from transgenic_dagster.run.submission import make_submission_check

        submission = make_submission_check(arguments.run, arguments.check_submission)
    make_report(arguments.run, arguments.output, tools, submission)
    if arguments.changes:
        from transgenic_dagster.run.change_log import make_change_log

        make_change_log(arguments.run, arguments.changes)
