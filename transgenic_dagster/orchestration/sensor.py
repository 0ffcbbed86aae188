"""Sensor that reports assemblies: new, changed and removed ones, and what is wrong with them.

It has those that are new or changed prepared at once; the rest follows from conditions.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.executors.choice import limit_gpu_pool
from transgenic_dagster.lab.arrivals import Arrivals, describe_problems, look_for_arrivals
from transgenic_dagster.lab.memory import Memory
from transgenic_dagster.lab.options import home_options, lifted_from
from transgenic_dagster.lab.pieces import chromosomes
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.conditions import PREPARED, UNFINISHED, latest_record
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import (
    ASSEMBLIES,
    ASSEMBLY,
    CHROMOSOME,
    CHROMOSOMES,
    split_key,
)

SECONDS_BETWEEN_TICKS = 2
FOLDERS_CHECK = "folders_can_be_used"
VERSION = "version"


def make_assemblies_sensor(assemblies_at_once: int, rest_seconds: float) -> dg.SensorDefinition:
    """Make the sensor; it is running from the start.

    Args:
        assemblies_at_once: so many assemblies are annotated at once; others wait.
        rest_seconds: time for which files must stay as they are.
    """

    @dg.sensor(
        name="assemblies",
        asset_selection=dg.AssetSelection.assets(ASSEMBLY, *PREPARED),
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports assemblies that are new in the home or whose files, model or options "
        "have changed, once their files have stopped changing, and has them prepared; forgets "
        "those that are gone.",
    )
    def assemblies(context: dg.SensorEvaluationContext, lab: LabResource) -> dg.SensorResult:
        tick = _Tick(context.instance, lab.home, Memory.of(context.cursor), time.time())
        return tick.result(assemblies_at_once, rest_seconds)

    return assemblies


def arrival_of(home: Home, name: str, version: str) -> dg.AssetMaterialization:
    """Report of an assembly in one version."""
    inputs = home.assembly(name)
    genes_of = lifted_from(home, inputs) or inputs
    return dg.AssetMaterialization(
        ASSEMBLY,
        partition=name,
        description="Its files have come to rest.",
        metadata={
            VERSION: version,
            "genome": dg.MetadataValue.path(inputs.genome),
            "genes": dg.MetadataValue.path(genes_of.genes),
            "genome_bytes": inputs.genome.stat().st_size,
        },
    )


@dataclass
class _Tick:
    """One tick of the sensor."""

    instance: dg.DagsterInstance
    home: Home
    memory: Memory
    now: float

    def result(self, assemblies_at_once: int, rest_seconds: float) -> dg.SensorResult:
        """Look at the home and say what is to be done."""
        home, memory = self.home, self.memory
        if not home.assemblies.is_dir():
            return dg.SensorResult(
                skip_reason=f"{home.root} is not a home of assemblies; make one with "
                "'transgenic-dagster init DIR'."
            )
        arrivals = look_for_arrivals(home, memory.sightings, self.now, rest_seconds)
        memory.sightings = arrivals.sightings
        present = {folder.name for folder in home.assembly_folders()}
        known = set(self.instance.get_dynamic_partitions(ASSEMBLY))
        try:
            limit_gpu_pool(self.instance)
            home_options(home)
            if memory.active:
                memory.end_activity(home, self._busy(), self.now)
            new = memory.choose(
                home, arrivals, known, assemblies_at_once, self.now, self._reported_before
            )
        except TransgenicError as error:
            # Nothing starts with options that cannot be used.
            arrivals.problems["the lab"] = str(error)
            new = {}
        # A file system that is away for a while does not take the partitions with it.
        gone = known - present if present else set()
        notes = [*arrivals.waiting, *self._forget(gone)]
        events: list[dg.AssetMaterialization | dg.AssetCheckEvaluation] = [
            *(arrival_of(self.home, name, version) for name, version in new.items()),
            *self._problems(arrivals),
        ]
        runs = [dg.RunRequest(partition_key=name, asset_selection=PREPARED) for name in new]
        idle = " ".join(notes) or "No assembly is new or has changed."
        return dg.SensorResult(
            run_requests=runs,
            skip_reason=None if runs else idle,
            cursor=str(memory),
            dynamic_partitions_requests=[*self._partition_changes(known, set(new), gone)],
            asset_events=events,
        )

    def _busy(self) -> set[str]:
        """Assemblies that have runs."""
        runs = self.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        return {split_key(run.tags.get("dagster/partition", ""))[0] for run in runs}

    def _reported_before(self, name: str) -> str | None:
        record = latest_record(self.instance, dg.AssetKey(ASSEMBLY), name)
        made = record.asset_materialization if record else None
        return str(made.metadata[VERSION].value) if made else None

    def _forget(self, gone: set[str]) -> Iterator[str]:
        for name in sorted(gone):
            self.memory.forget(name)
            yield f"{name} is gone; its partitions go, its files in runs/ stay."

    def _partition_changes(
        self, known: set[str], new: set[str], gone: set[str]
    ) -> Iterator[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
        if new - known:
            yield ASSEMBLIES.build_add_request(sorted(new - known))
        if gone:
            yield ASSEMBLIES.build_delete_request(sorted(gone))
        # In this order: a step writes its chromosomes down before Dagster knows them.
        listed = set(self.instance.get_dynamic_partitions(CHROMOSOME))
        if unused := listed - chromosomes(self.home, (known | new) - gone):
            yield CHROMOSOMES.build_delete_request(sorted(unused))

    def _problems(self, arrivals: Arrivals) -> Iterator[dg.AssetCheckEvaluation]:
        """Report what is wrong, once for every change of it."""
        if arrivals.problems == self.memory.problems:
            return
        self.memory.problems = arrivals.problems
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(ASSEMBLY),
            check_name=FOLDERS_CHECK,
            passed=not arrivals.problems,
            description=describe_problems(arrivals.problems),
            metadata={
                name: dg.MetadataValue.text(text) for name, text in arrivals.problems.items()
            },
        )
