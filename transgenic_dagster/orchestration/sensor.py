"""Sensor that reports assemblies: new, changed and removed ones, and what is wrong with them."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.executors.choice import limit_gpu_pool
from transgenic_dagster.lab.arrivals import Arrivals, Memory, Signature, look_for_arrivals
from transgenic_dagster.lab.options import (
    SCORE_INPUT,
    assembly_options,
    home_options,
    lifted_from,
    scores_input,
)
from transgenic_dagster.lab.pieces import chromosomes
from transgenic_dagster.lab.wanted_files import wanted_files
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.conditions import latest_record
from transgenic_dagster.orchestration.launchpad import LabResource
from transgenic_dagster.orchestration.partitions import (
    ASSEMBLIES,
    ASSEMBLY,
    CHROMOSOME,
    CHROMOSOMES,
    split_key,
)
from transgenic_dagster.run.fingerprint import code_version

SECONDS_BETWEEN_TICKS = 2
QUIET_SECONDS = 45.0
"""An assembly without a run for that long is not being annotated."""
FOLDERS_CHECK = "folders_can_be_used"
VERSION = "version"

_UNFINISHED = [
    dg.DagsterRunStatus(name)
    for name in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
]


def make_assemblies_sensor(assemblies_at_once: int, rest_seconds: float) -> dg.SensorDefinition:
    """Make the sensor; it is running from the start.

    Args:
        assemblies_at_once: so many assemblies are annotated at once; others wait.
        rest_seconds: time for which files must stay as they are.
    """

    @dg.sensor(
        name="assemblies",
        asset_selection=dg.AssetSelection.assets(ASSEMBLY),
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports assemblies that are new in the home or whose files, model or options "
        "have changed, once their files have stopped changing; forgets those that are gone.",
    )
    def assemblies(context: dg.SensorEvaluationContext, lab: LabResource) -> dg.SensorResult:
        tick = _Tick(context.instance, lab.home, Memory.of(context.cursor), time.time())
        return tick.result(assemblies_at_once, rest_seconds)

    return assemblies


def version_of(home: Home, name: str, signature: Signature) -> str:
    """Version of an assembly whose files were seen in a state.

    Raises:
        TransgenicError: its options are wrong.
    """
    inputs = home.assembly(name)
    scored = [SCORE_INPUT] if scores_input(home, inputs) else []
    options = assembly_options(home, inputs)
    return json.dumps([signature, code_version(options), *scored, *wanted_files(options)])


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


def describe_problems(problems: dict[str, str]) -> str:
    """One sentence on each folder that cannot be used."""
    return " ".join(f"{name}: {text}" for name, text in sorted(problems.items()))


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
            new = self._to_report(arrivals, known, assemblies_at_once)
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
        return dg.SensorResult(
            skip_reason=" ".join(notes) or "No assembly is new or has changed.",
            cursor=str(memory),
            dynamic_partitions_requests=[*self._partition_changes(known, set(new), gone)],
            asset_events=events,
        )

    def _to_report(self, arrivals: Arrivals, known: set[str], at_once: int) -> dict[str, str]:
        """Versions of the assemblies that are to be annotated now."""
        memory, new = self.memory, dict[str, str]()
        self._end_activity()
        for name, signature in arrivals.at_rest.items():
            version = self._version(name, signature, arrivals.problems)
            if name in known and name not in memory.reported:  # the cursor was reset
                memory.reported[name] = self._reported_before(name) or ""
            if name in known and memory.reported.get(name) == version:
                continue
            if name not in memory.active and len(memory.active) >= at_once:
                arrivals.waiting.append(f"{name}: waiting until another assembly is annotated.")
                continue
            memory.active[name] = [self.now, self.now]
            memory.reported[name] = new[name] = version
        return new

    def _version(self, name: str, signature: Signature, problems: dict[str, str]) -> str:
        """Version of an assembly: its files as they are seen, and its model and options.

        Where its own options are wrong, its run fails and says so.
        """
        try:
            return version_of(self.home, name, signature)
        except Exception as error:  # whatever is in the file, the other assemblies go on
            problems[name] = str(error)
            return json.dumps([signature, problems[name]])

    def _end_activity(self) -> None:
        """Forget assemblies that have their annotation, or no run any more."""
        active = self.memory.active
        if not active:
            return
        busy = {
            split_key(record.dagster_run.tags.get("dagster/partition", ""))[0]
            for record in self.instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED))
        }
        for name, (reported, last_run) in list(active.items()):
            gff3 = self.home.results(name).gff3
            if name in busy:
                active[name] = [reported, self.now]
            elif self.now - last_run > QUIET_SECONDS or (
                gff3.exists() and gff3.stat().st_mtime > reported
            ):
                del active[name]

    def _reported_before(self, name: str) -> str | None:
        record = latest_record(self.instance, dg.AssetKey(ASSEMBLY), name)
        made = record.asset_materialization if record else None
        return str(made.metadata[VERSION].value) if made else None

    def _forget(self, gone: set[str]) -> Iterator[str]:
        for name in sorted(gone):
            for remembered in (self.memory.reported, self.memory.active):
                remembered.pop(name, None)
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
            description=describe_problems(arrivals.problems) or "all folders can be used",
            metadata={
                name: dg.MetadataValue.text(text) for name, text in arrivals.problems.items()
            },
        )
