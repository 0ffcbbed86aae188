"""The demo on a real Slurm of one node with two faked GPUs (see ``devices.py``)."""

from tests.live_lab.devices import run


def main(deployment: str) -> None:
    """Run the scenario; it serves the lab with dagster dev."""
    run("slurm")
