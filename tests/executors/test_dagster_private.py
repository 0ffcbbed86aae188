"""Private parts of Dagster: this version of Dagster still has them, where they are looked for."""

import ast
import importlib
import inspect
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pytest

TRIED_WITH = "1.13.28"
MODULE = "transgenic_dagster.executors.dagster_private"
MOST_IMPORTS = 5
USED = {
    "AssetCheckEvaluationTargetMaterializationData": ("run_id", "storage_id", "timestamp"),
    "CheckRunHealthResult": ("status",),
    "CheckStepHealthResult": ("healthy", "unhealthy"),
    "DagsterEventType": ("STEP_FAILURE", "STEP_SUCCESS", "STEP_UP_FOR_RETRY"),
    "EngineEventData": (),
    "RetryMode": ("ENABLED", "from_config"),
    "StepDelegatingExecutor": ("execute",),
    "StepHandler": ("check_step_health", "launch_step", "terminate_step"),
    "StepHandlerContext": ("execute_step_args", "get_step_context", "instance"),
    "WorkerStatus": ("FAILED", "RUNNING"),
    "get_retries_config": (),
}
"""Attributes of each name that this package uses."""
USED_OF_STORAGE = (
    *("delete_concurrency_limit", "free_concurrency_slots_for_run", "get_pool_limits"),
    *("get_latest_storage_id_by_partition", "set_concurrency_slots"),
)


def moved(what: str) -> str:
    return (
        f"Dagster {version('dagster')} has moved or changed {what}, which Dagster {TRIED_WITH} "
        f"has; follow it in {MODULE} and in what imports it from there"
    )


@pytest.fixture
def private():
    try:
        return importlib.import_module(MODULE)
    except ImportError as error:
        pytest.fail(moved(str(error)))


def test_dagster_is_of_the_minor_version_that_was_tried():
    tried, installed = (text.split(".")[:2] for text in (TRIED_WITH, version("dagster")))
    assert installed == tried, f"run all tests with {version('dagster')}, then change TRIED_WITH"


def test_imports_of_private_parts_are_few(private):
    tree = ast.parse(Path(private.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert len(imports) <= MOST_IMPORTS


def test_the_default_run_launcher_has_what_ours_needs():
    assert hasattr(dg.DefaultRunLauncher, "_get_grpc_client_for_termination"), moved("the launcher")


def test_every_private_name_is_listed_here(private):
    assert sorted(private.__all__) == sorted(USED)


@pytest.mark.parametrize("name", USED)
def test_private_names_have_what_is_used_of_them(private, name):
    for attribute in USED[name]:
        assert hasattr(getattr(private, name), attribute), moved(f"{name}.{attribute}")


def test_the_step_delegating_executor_takes_our_settings(private):
    taken = inspect.signature(private.StepDelegatingExecutor.__init__).parameters
    for name in ("step_handler", "retries", "sleep_seconds", "check_step_health_interval_seconds"):
        assert name in taken, moved(f"StepDelegatingExecutor's parameter {name}")


def test_the_event_log_has_what_the_pool_needs(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        for name in USED_OF_STORAGE:
            assert hasattr(instance.event_log_storage, name), moved(f"event_log_storage.{name}")
