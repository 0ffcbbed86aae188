"""A lab with the demo assembly, and ``dagster dev`` serving it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE_SECONDS, wait_for

SECONDS_TO_END = 30
SELECTOR = {"repositoryLocationName": "transgenic", "repositoryName": "__repository__"}
LAUNCH_RUN = """
mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
LAUNCH_BACKFILL = """
mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename
  ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename
  ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status assetSelection { path } "
RUNS += "tags { key value } } } } }"
SENSORS = "query ($s: RepositorySelector!) { sensorsOrError(repositorySelector: $s) { "
SENSORS += "... on Sensors { results { id } } } }"
EVENTS = "query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events { "
EVENTS += "... on MessageEvent { message } ... on ErrorEvent { error { message } } } } } }"
STOP_SENSOR = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DagsterServer:
    """A running ``dagster dev``, asked over GraphQL.

    Args:
        url: of the web server.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> Any:
        """Answer of a query, the data of its only field."""
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            answer = json.load(response)
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        (data,) = answer["data"].values()
        if isinstance(data, dict) and "message" in data:
            raise RuntimeError(data["message"])
        return data

    def is_up(self) -> bool:
        """Whether it answers, with the code location loaded."""
        try:
            return bool(self.ask(SENSORS, s=SELECTOR).get("results"))
        except (urllib.error.URLError, ConnectionError, RuntimeError):
            return False

    def stop_sensors(self) -> None:
        """Have nothing start by itself."""
        for sensor in self.ask(SENSORS, s=SELECTOR)["results"]:
            self.ask(STOP_SENSOR, id=sensor["id"])

    def launch(
        self, assets: list[str], partition: str, options: Mapping[str, Any] | None = None
    ) -> str:
        """Materialize assets of one partition; returns the run's id."""
        keys = [{"path": [asset]} for asset in assets]
        selector = {**SELECTOR, "pipelineName": "__ASSET_JOB", "assetSelection": keys}
        config = {"resources": {"options": {"config": dict(options or {})}}}
        tags = [{"key": "dagster/partition", "value": partition}]
        parameters = {
            "selector": selector,
            "runConfigData": config,
            "executionMetadata": {"tags": tags},
        }
        return str(self.ask(LAUNCH_RUN, p=parameters)["run"]["runId"])

    def backfill(self, asset: str, partitions: list[str]) -> str:
        """Materialize partitions of an asset; returns the backfill's id."""
        parameters = {"assetSelection": [{"path": [asset]}], "partitionNames": partitions}
        return str(self.ask(LAUNCH_BACKFILL, p=parameters)["backfillId"])

    def terminate(self, run_id: str) -> None:
        """Cancel a run, as the button does."""
        self.ask(TERMINATE, id=run_id)

    def statuses(self, **tags: str) -> dict[str, str]:
        """Status of every run that has these tags, by run id; ``__`` stands for ``/``."""
        wanted = {(key.replace("__", "/"), value) for key, value in tags.items()}
        return {
            run["runId"]: run["status"]
            for run in self.ask(RUNS)["results"]
            if wanted <= {(tag["key"], tag["value"]) for tag in run["tags"]}
        }

    def messages(self, run_id: str) -> str:
        """What a run and its steps have said, errors included."""
        events = self.ask(EVENTS, id=run_id)["events"]
        errors = [event["error"]["message"] for event in events if event.get("error")]
        return "\n".join([*(event.get("message") or "" for event in events), *errors])

    def finish(self, run_id: str, status: str = "SUCCESS") -> None:
        """Wait until a run ends, which it must with a certain status."""
        ends = ("SUCCESS", "FAILURE", "CANCELED")
        wait_for(lambda: self.statuses()[run_id] in ends, f"the end of run {run_id}")
        if self.statuses()[run_id] != status:
            raise RuntimeError(f"run {run_id} ended with {self.statuses()[run_id]}")


def write_demo_lab(lab: Path) -> None:
    """Write a lab with the demo assembly, as the README says."""
    code = "import sys; from transgenic_dagster.cli.lab import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", code, "init", str(lab)], check=True, capture_output=True)


def lab_environment(lab: Path, **variables: str) -> dict[str, str]:
    """Environment of the programs that work in a lab."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(path for path in paths if path),
        "DAGSTER_HOME": str(lab),
        "TRANSGENIC_HOME": str(lab),
        **variables,
    }


@contextmanager
def dagster_dev(lab: Path, environment: Mapping[str, str]) -> Iterator[DagsterServer]:
    """Serve a lab; what ``dagster dev`` says goes to ``dev.log`` beside it."""
    port = free_port()
    with (lab.parent / "dev.log").open("ab") as log:
        process = subprocess.Popen(
            ["dagster", "dev", "-h", "127.0.0.1", "-p", str(port)],
            cwd=lab,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        server = DagsterServer(f"http://127.0.0.1:{port}")
        try:
            wait_for(server.is_up, f"dagster dev is up; see {log.name}", by=process)
            yield server
        finally:
            # As Ctrl-C in a terminal does. Code servers would stay for a while without work.
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGINT)
                process.wait(SECONDS_TO_END)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
