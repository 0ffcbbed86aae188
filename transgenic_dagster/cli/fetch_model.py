"""The program ``transgenic-fetch-model``: copies a model from the hub into a folder."""

import argparse
import logging
import sys
from pathlib import Path

from transgenic_dagster.cli.guard import add_common_options, guarded
from transgenic_dagster.options import DEFAULT_MODEL

PROGRAM = "transgenic-fetch-model"

logger = logging.getLogger(__name__)


def main() -> int:
    """Run ``transgenic-fetch-model``."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Copy a model from the hub into a folder (configuration and weights, no code), "
        "for machines without network: transgenic-annotate --model DIR.",
    )
    add_common_options(parser, PROGRAM)
    parser.add_argument("name", metavar="NAME", help=f"hub name, such as {DEFAULT_MODEL}")
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to write")
    parser.add_argument("--revision", help="branch, tag or commit", default=None)
    arguments = parser.parse_args()
    return guarded(
        lambda: _fetch_model(arguments.name, arguments.folder, arguments.revision),
        verbose=arguments.verbose,
    )


def _fetch_model(name: str, folder: Path, revision: str | None) -> None:
    from transgenic_dagster.model import fetch_checkpoint

    files = fetch_checkpoint(name, folder, revision=revision)
    sys.stdout.write(f"{files.sha256()}  {folder}\n")
    logger.info("use it with: transgenic-annotate --model %s", folder)
