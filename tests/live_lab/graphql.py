"""A lab's web server, asked over GraphQL as its pages ask it."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.waiting import PATIENCE_SECONDS, wait_for

ENDS = ("SUCCESS", "FAILURE", "CANCELED")
REPOSITORY = {"repositoryLocationName": "transgenic", "repositoryName": "__repository__"}

LAUNCH_RUN = """mutation ($p: ExecutionParams!) { launchRun(executionParams: $p) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
LAUNCH_BACKFILL = """mutation ($p: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $p) { __typename
  ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
TERMINATE = """mutation ($id: String!) { terminateRun(runId: $id) { __typename
  ... on TerminateRunFailure { message } ... on PythonError { message } } }"""
RUNS = """query ($f: RunsFilter) { runsOrError(filter: $f) { ... on Runs { results {
  runId status assetSelection { path } tags { key value } startTime endTime } } } }"""
EVENTS = """query ($id: ID!, $c: String) { logsForRun(runId: $id, afterCursor: $c) {
  ... on EventConnection { cursor hasMore events { ... on MessageEvent { message }
  ... on ErrorEvent { error { message causes { message } } } } } } }"""
SENSORS = """query ($s: RepositorySelector!) { sensorsOrError(repositorySelector: $s) {
  ... on Sensors { results { id name } } ... on PythonError { message } } }"""
STOP_SENSOR = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"
TICKS = """query ($s: SensorSelector!) { sensorOrError(sensorSelector: $s) { ... on Sensor {
  sensorState { ticks(limit: 500) { status timestamp endTimestamp skipReason runIds
  error { message } } } } } }"""
PARTITIONS = """query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
  partitionKeysByDimension { name partitionKeys } } } }"""
MATERIALIZED = """query ($k: AssetKeyInput!, $p: [String!]) { assetNodeOrError(assetKey: $k) {
  ... on AssetNode { assetMaterializations(partitions: $p, limit: 1) {
  runId timestamp partition metadataEntries { label } } } } }"""
CHECKS = """query ($k: AssetKeyInput!) { assetNodeOrError(assetKey: $k) { ... on AssetNode {
  assetChecksOrError { ... on AssetChecks { checks { name canExecuteIndividually
  executionForLatestMaterialization { status partition }
  partitionStatuses { ... on AssetCheckDefaultPartitionStatuses { succeededPartitions
  failedPartitions skippedPartitions executionFailedPartitions } } } } } } } }"""

CHECK_HISTORY = """query ($k: AssetKeyInput!, $n: String!) {
  assetCheckExecutions(assetKey: $k, checkName: $n, limit: 1000) {
  evaluation { description success } } }"""


@dataclass(frozen=True)
class Run:
    """A run of Dagster.

    Args:
        run_id: its id.
        status: as GraphQL has it: ``QUEUED``, ``STARTED``, ``SUCCESS``, …
        assets: names of what it materializes.
        tags: by key.
        seconds: from its start to its end; None before.
    """

    run_id: str
    status: str
    assets: tuple[str, ...]
    tags: Mapping[str, str]
    seconds: float | None

    @property
    def partition(self) -> str:
        """Its partition; empty where it has none."""
        return self.tags.get("dagster/partition", "")

    @property
    def ended(self) -> bool:
        """Whether it has ended, in any way."""
        return self.status in ENDS


class LabServer:
    """A running web server.

    Args:
        url: of the server.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> Any:
        """Answer of a query: the data of its only field.

        Raises:
            RuntimeError: the server answers with an error.
        """
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
        if isinstance(data, dict) and data.keys() & {"message", "errors"}:
            raise RuntimeError(str(data))
        return data

    def is_up(self) -> bool:
        """Whether it answers, with the code location loaded."""
        try:
            return bool(self.ask(SENSORS, s=REPOSITORY).get("results"))
        except (urllib.error.URLError, ConnectionError, RuntimeError, TimeoutError):
            return False

    def stop_sensor(self, name: str) -> None:
        """Stop a sensor, and wait until its last tick has ended."""
        (found,) = (s for s in self.ask(SENSORS, s=REPOSITORY)["results"] if s["name"] == name)
        self.ask(STOP_SENSOR, id=found["id"])
        wait_for(
            lambda: all(tick["endTimestamp"] for tick in self.ticks(name)),
            f"the end of the last tick of {name}",
        )

    def ticks(self, sensor: str) -> list[dict[str, Any]]:
        """Ticks of a sensor, the latest first."""
        answer = self.ask(TICKS, s=REPOSITORY | {"sensorName": sensor})
        return list(answer["sensorState"]["ticks"])

    def launch(
        self, assets: list[str], partition: str, config: Mapping[str, Any] | None = None
    ) -> str:
        """Materialize assets of one partition; returns the run's id."""
        tags = {"dagster/partition": partition}
        parameters = {
            "selector": {
                **REPOSITORY,
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": [asset]} for asset in assets],
            },
            "runConfigData": dict(config or {}),
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        return str(self.ask(LAUNCH_RUN, p=parameters)["run"]["runId"])

    def backfill(self, assets: list[str], partitions: list[str] | None = None) -> str:
        """Materialize partitions of assets, all by default; returns the backfill's id."""
        parameters: dict[str, Any] = {"assetSelection": [{"path": [asset]} for asset in assets]}
        parameters |= (
            {"allPartitions": True} if partitions is None else {"partitionNames": partitions}
        )
        return str(self.ask(LAUNCH_BACKFILL, p=parameters)["backfillId"])

    def terminate(self, run_id: str) -> None:
        """Cancel a run, as the button does.

        Raises:
            RuntimeError: the server refuses.
        """
        self.ask(TERMINATE, id=run_id)

    def runs(self, **tags: str) -> list[Run]:
        """Runs that have these tags, the latest first; ``__`` stands for ``/``."""
        wanted = [{"key": k.replace("__", "/"), "value": v} for k, v in tags.items()]
        return [_run(run) for run in self.ask(RUNS, f={"tags": wanted})["results"]]

    def run(self, run_id: str) -> Run:
        """One run."""
        (run,) = self.ask(RUNS, f={"runIds": [run_id]})["results"]
        return _run(run)

    def statuses(self, **tags: str) -> dict[str, str]:
        """Status of every run that has these tags, by run id."""
        return {run.run_id: run.status for run in self.runs(**tags)}

    def messages(self, run_id: str) -> str:
        """What a run and its steps have said, errors and their causes included."""
        said, cursor = [], None
        while True:
            answer = self.ask(EVENTS, id=run_id, c=cursor)
            for event in answer["events"]:
                said.append(event.get("message") or "")
                if error := event.get("error"):
                    said += [error["message"], *(cause["message"] for cause in error["causes"])]
            cursor = answer["cursor"]
            if not answer["hasMore"]:
                return "\n".join(said)

    def finish(self, run_id: str, status: str = "SUCCESS") -> None:
        """Wait until a run ends, which it must with a certain status.

        Raises:
            RuntimeError: it ended otherwise; says what the run said.
        """
        wait_for(lambda: self.run(run_id).ended, f"the end of run {run_id}")
        if self.run(run_id).status != status:
            raise RuntimeError(
                f"run {run_id} ended with {self.run(run_id).status}:\n{self.messages(run_id)}"
            )

    def partitions(self, asset: str) -> dict[str, list[str]]:
        """Partition keys of an asset, by dimension."""
        node = self.ask(PARTITIONS, k={"path": [asset]})
        return {d["name"]: d["partitionKeys"] for d in node["partitionKeysByDimension"]}

    def assemblies(self) -> list[str]:
        """Names of the assemblies that have partitions."""
        (keys,) = self.partitions("merged_gff3").values()
        return keys

    def materialization(self, asset: str, partition: str | None = None) -> dict[str, Any] | None:
        """Latest materialization of an asset or of a partition; None where there is none."""
        partitions = None if partition is None else [partition]
        node = self.ask(MATERIALIZED, k={"path": [asset]}, p=partitions)
        return next(iter(node["assetMaterializations"]), None)

    def checks(self, asset: str) -> dict[str, dict[str, Any]]:
        """Checks of an asset, with the partitions that succeeded and failed, by name."""
        node = self.ask(CHECKS, k={"path": [asset]})
        return {check["name"]: check for check in node["assetChecksOrError"]["checks"]}

    def check_evaluations(self, asset: str, name: str) -> int:
        """How often a check was evaluated."""
        return len(self.ask(CHECK_HISTORY, k={"path": [asset]}, n=name))

    def check_description(self, asset: str, name: str) -> str:
        """What a check said at last; empty where it has said nothing."""
        history = self.ask(CHECK_HISTORY, k={"path": [asset]}, n=name)
        return (history[0]["evaluation"] or {}).get("description", "") if history else ""


def _run(values: dict[str, Any]) -> Run:
    start, end = values["startTime"], values["endTime"]
    return Run(
        run_id=values["runId"],
        status=values["status"],
        assets=tuple(key["path"][-1] for key in values["assetSelection"] or ()),
        tags={tag["key"]: tag["value"] for tag in values["tags"]},
        seconds=end - start if start and end else None,
    )
