"""The program ``transgenic-score``: what the model thinks of an annotation."""

from transgenic_dagster.cli.annotate import run
from transgenic_dagster.cli.annotate_parser import score_parser
from transgenic_dagster.run.judging_options import ScoreOptions


def main() -> int:
    """Run ``transgenic-score``."""
    return run(score_parser(), ScoreOptions)
