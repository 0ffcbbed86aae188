"""The program ``transgenic-demo``: writes a made-up assembly, annotates it, shows the result."""

import argparse
import sys
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded

PROGRAM = "transgenic-demo"


def main() -> int:
    """Run ``transgenic-demo``."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Write a small made-up assembly, annotate it with the bundled demo model and "
        "show the result. The demo model has memorised the demo genes and annotates nothing else.",
    )
    add_common_options(parser, PROGRAM)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write; may exist")
    arguments = parser.parse_args()
    return guarded(lambda: _demo(arguments.folder), verbose=arguments.verbose)


def _demo(folder: Path) -> None:
    from transgenic_dagster.system.signals import end_when_interrupted

    end_when_interrupted(None, again="run the same command again")

    from transgenic_dagster.demo.show import run_demo

    sys.stdout.write(run_demo(folder))
