"""Command line of the scenarios."""

import argparse
import importlib
import signal
import sys

from tests import live_lab
from tests.live_lab.deployments import DEPLOYMENTS

SCENARIOS = (
    *("power_cut", "arrival", "checks", "renaming", "migration", "contigs", "throttle"),
    *("many_sequences", "bad_input", "growing", "browser", "gpu", "slurm"),
)


def main() -> None:
    """Run one scenario."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.live_lab",
        description=live_lab.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", choices=SCENARIOS, metavar="NAME", help=", ".join(SCENARIOS))
    parser.add_argument("--deployment", choices=DEPLOYMENTS, default="dev")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end
    importlib.import_module(f"tests.live_lab.{asked.scenario}").main(asked.deployment)


if __name__ == "__main__":
    main()
