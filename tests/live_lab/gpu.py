"""The demo on two faked GPUs of this machine (see ``devices.py``)."""

from tests.live_lab.devices import run


def main(deployment: str) -> None:
    """Run the scenario; it serves the lab with dagster dev."""
    run("gpu")
