"""Sensor that starts the annotation of new and changed assemblies."""

import json
import time
from dataclasses import asdict
from typing import Any

import dagster as dg

from transgenic_dagster.errors import TransgenicError
from transgenic_dagster.executors.dagster_private import GrpcServerCodeLocationOrigin
from transgenic_dagster.lab.options import home_options
from transgenic_dagster.lab.registry import Registry, read_registry, registry_to_change
from transgenic_dagster.lab.scan import ChangingFiles, scan_assemblies
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.schedule import PREPARE_JOB
from transgenic_dagster.run.fingerprint import code_version

SECONDS_BETWEEN_TICKS = 5
RELOAD_SECONDS = 120


class Cursor:
    """Memory of the sensor between ticks.

    Args:
        text: the cursor as Dagster stores it; None at the first tick.
    """

    def __init__(self, text: str | None) -> None:
        values: dict[str, Any] = json.loads(text) if text else {}
        changing: dict[str, Any] = values.get("changing", {})
        self.changing = {name: ChangingFiles(**files) for name, files in changing.items()}
        self.launched: dict[str, int] = values.get("launched", {})

    def __str__(self) -> str:
        changing = {name: asdict(files) for name, files in self.changing.items()}
        return json.dumps({"changing": changing, "launched": self.launched})


def make_new_assemblies_sensor(home: Home, loaded: Registry, version: str) -> dg.SensorDefinition:
    """Make the sensor; it is running from the start.

    Args:
        home: the home, whose assemblies it watches.
        loaded: registry that the definitions were made from.
        version: version of model and options that the definitions were made with.
    """

    @dg.sensor(
        name="new_assemblies",
        job_name=PREPARE_JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Annotates assemblies that are new in the home or whose files have changed, "
        "once each, when their files have stopped changing.",
    )
    def new_assemblies(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not home.assemblies.is_dir():
            return dg.SensorResult(
                skip_reason=f"{home.root} is not a home of assemblies; make one with "
                "'transgenic-dagster init DIR'."
            )
        cursor = Cursor(context.cursor)
        try:
            with registry_to_change(home) as registry:
                scan = scan_assemblies(home, registry, cursor.changing, time.time())
                registry.update(scan.entries)
            notes, cursor.changing = scan.notes, scan.changing
            reload = _needs_reload(home, loaded, version)
        except TransgenicError as error:
            return dg.SensorResult(skip_reason=str(error))
        for note in notes:
            context.log.info(note)
        if reload:
            _reload(context)
            return dg.SensorResult(
                skip_reason=" ".join([*notes, f"{reload}; reloading the definitions."]),
                cursor=str(cursor),
            )
        due = {
            name: entry
            for name, entry in loaded.items()
            if entry.generation > cursor.launched.get(name, 0)
        }
        cursor.launched |= {name: entry.generation for name, entry in due.items()}
        requests = [
            dg.RunRequest(
                run_key=f"{name} {entry.generation} {entry.digests['genome'][:12]} "
                f"{entry.digests['annotation'][:12]}",
                partition_key=name,
            )
            for name, entry in due.items()
        ]
        waiting = " ".join(notes) or "No assembly is new or has changed."
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else waiting,
            cursor=str(cursor),
        )

    return new_assemblies


def _needs_reload(home: Home, loaded: Registry, version: str) -> str:
    """Reason to load the definitions again; empty where there is none."""
    registry = read_registry(home)
    if _content(registry) != _content(loaded):
        return "The registry has changed"
    if code_version(home_options(home)) != version:
        return "The model or its options have changed"
    return ""


def _content(registry: Registry) -> dict[str, tuple[tuple[str, ...], int]]:
    return {name: (entry.pieces, entry.generation) for name, entry in registry.items()}


def _reload(context: dg.SensorEvaluationContext) -> None:
    """Have the code server load the definitions again; webserver and daemon notice by themselves.

    Where no code server can be asked to, a log line asks the user.
    """
    origin = context.code_location_origin
    if isinstance(origin, GrpcServerCodeLocationOrigin):
        origin.create_client().reload_code(timeout=RELOAD_SECONDS)
    else:
        context.log.warning("Reload the code location to see the new partitions.")
