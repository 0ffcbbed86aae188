"""Set-up of all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

# The test models are tiny: threads cost more than they gain, the more so on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# On a busy machine the time that an example takes says nothing.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LONGEST_FILE = "test_kill_and_resume.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process works on it alone at the end."""
    items.sort(key=lambda item: item.path.name != LONGEST_FILE)
