"""Definitions of a home, and runs inside it without a server."""

from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

import dagster as dg

from transgenic_dagster.lab.pieces import read_pieces
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration import assets
from transgenic_dagster.orchestration.component import TransgenicLab
from transgenic_dagster.orchestration.partitions import ASSEMBLY, split_key

NAMES = ("sorted_gff", "region_db", "predictions", "merged_gff3", "reject_report")
RESULTS = "results"
BEFORE, AFTER = ("sorted_gff", "region_db"), ("merged_gff3", "reject_report")


class Lab:
    """The definitions of a home with an instance of their own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        storage = home.root / "instance"
        storage.mkdir(exist_ok=True)  # a step in another process has been there
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(storage))
        self.load()

    def load(self) -> None:
        """Load the definitions, as a code server does."""
        with mock.patch.object(assets, "RETRIES", 0):  # they would wait
            self.definitions = TransgenicLab(home=str(self.home.root)).definitions(
                dg.in_process_executor
            )

    def run(
        self, names: Sequence[str], partition: str, *, check: bool = True, **options: Any
    ) -> dg.ExecuteInProcessResult:
        """Materialize assets of one partition."""
        self.instance.add_dynamic_partitions(ASSEMBLY, [split_key(partition)[0]])
        job = self.definitions.resolve_implicit_global_asset_job_def()
        ops = {op for name in names for op in [RESULTS if name in AFTER else name]}
        return job.execute_in_process(
            instance=self.instance,
            partition_key=partition,
            asset_selection=[dg.AssetKey(name) for name in names],
            run_config={"ops": {op: {"config": options} for op in ops}} if options else None,
            raise_on_error=check,
        )

    def predict(self, name: str, **options: Any) -> None:
        """Materialize the predictions of all pieces."""
        for key in self.piece_keys(name):
            self.run(["predictions"], key, **options)

    def annotate(self, name: str) -> dg.ExecuteInProcessResult:
        """Materialize everything of an assembly, as Materialize all does."""
        self.run(BEFORE, name)
        self.predict(name)
        return self.run(AFTER, name)

    def piece_keys(self, name: str) -> list[str]:
        pieces = read_pieces(self.home.run(name))
        return [f"{name}|{piece}" for piece in pieces.names] if pieces else []


def messages(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> list[str]:
    """What a run logged."""
    return [entry.user_message for entry in instance.all_logs(result.run_id)]


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Why a run failed."""
    assert not result.success
    return " ".join(_causes(result))


def _causes(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data is not None:
            yield data.user_failure_data.description or ""
        error = data.error
        while error is not None:
            yield error.message
            error = error.cause
