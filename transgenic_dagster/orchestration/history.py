"""History of an assembly in Dagster's event log, told again under the name that it has now.

Used by commands that move an assembly while Dagster runs or does not. Events come before the
partition: what is known of a partition when it appears is not news, so nothing is requested.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from transgenic_dagster.errors import TransgenicError, UsageError
from transgenic_dagster.lab.arrivals import signature_of, states_of
from transgenic_dagster.lab.earlier_release import KEPT, read_earlier_home
from transgenic_dagster.lab.memory import version_of
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.pieces import Pieces, chromosomes, write_pieces
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.assets import REJECT_REPORT, SCORE_TABLE
from transgenic_dagster.orchestration.checks import RESULT_CHECKS, checked_result
from transgenic_dagster.orchestration.conditions import (
    INPUT_SCORES,
    MADE_FROM,
    MERGED_GFF3,
    PREDICTIONS,
    PREPARED,
    latest_record,
    set_retold_until,
)
from transgenic_dagster.orchestration.partitions import ASSEMBLY, CHROMOSOME, pair_key, split_key
from transgenic_dagster.orchestration.sensor import arrival_of
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.stages import fingerprint_of_regions

DAGSTER_HOME = "DAGSTER_HOME"
_AFTER = (PREDICTIONS, MERGED_GFF3, REJECT_REPORT, INPUT_SCORES, SCORE_TABLE)
_MOST_CHECKS = 1000
_EVALUATED = dg.DagsterEventType.ASSET_CHECK_EVALUATION.value
_NO_RUN = "no-run"
"""Run of results that were reported without one."""
_KEPT_TAGS = ("dagster/data_version", "dagster/data_version_is_user_provided")


@contextmanager
def opened_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance of a home: that of ``DAGSTER_HOME``, else the home's own.

    Raises:
        UsageError: there is none.
    """
    folder = Path(os.environ.get(DAGSTER_HOME) or home.root)
    if not (folder / "dagster.yaml").is_file():
        raise UsageError(
            f"{folder} has no dagster.yaml; set {DAGSTER_HOME} to the folder that has it."
        )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells how it opens SQLite
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def retell(
    instance: dg.DagsterInstance,
    before: str,
    now: str,
    moved: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Report the latest materializations and checks of an assembly under another name.

    Args:
        instance: Dagster instance.
        before: the name that the event log knows.
        now: the name to report; it may be the same.
        moved: paths that have changed, old to new, each ending in ``/``.
        extra: metadata to add to predictions and what is made from them.
    """
    last = 0
    for key in (dg.AssetKey(ASSEMBLY), *PREPARED, *_AFTER):
        for partition in sorted(instance.get_materialized_partitions(key)):
            assembly, chromosome = split_key(partition)
            known = latest_record(instance, key, partition)
            made = known.asset_materialization if known else None
            if assembly != before or made is None:
                continue
            tags = made.tags or {}
            added = (extra or {}) if key in _AFTER else {}
            told = pair_key(now, chromosome) if chromosome else now
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    key,
                    description=made.description,
                    metadata={**_with_paths(made.metadata, moved), **added},
                    partition=told,
                    tags={tag: tags[tag] for tag in _KEPT_TAGS if tag in tags},
                )
            )
            record = latest_record(instance, key, told)
            last = max(last, record.storage_id if record else 0)
    set_retold_until(instance, now, last)
    _retell_checks(instance, before, now)


def remember(instance: dg.DagsterInstance, home: Home, name: str) -> None:
    """Add the partitions of an assembly, whose history is told."""
    instance.add_dynamic_partitions(CHROMOSOME, sorted(chromosomes(home, [name])))
    instance.add_dynamic_partitions(ASSEMBLY, [name])


def forget(instance: dg.DagsterInstance, name: str) -> None:
    """Remove the partition of an assembly; the sensor removes chromosomes that nobody has."""
    instance.delete_dynamic_partition(ASSEMBLY, name)


def _retell_checks(instance: dg.DagsterInstance, before: str, now: str) -> None:
    target = checked_result(instance, now)
    if target is None:
        return
    for spec in RESULT_CHECKS:
        history = instance.event_log_storage.get_asset_check_execution_history(
            spec.key, limit=_MOST_CHECKS
        )
        for record in history:
            latest = record.evaluation
            # Of a check whose run has failed before it there is a plan, and no evaluation.
            if isinstance(latest, dg.AssetCheckEvaluation) and latest.partition == before:
                break
        else:
            continue
        described = (latest.description or "").replace(f"{before}: ", f"{now}: ", 1)
        told = dg.AssetCheckEvaluation(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=latest.passed,
            metadata={**latest.metadata, ASSEMBLY: now},
            severity=latest.severity,
            description=described,
            blocking=latest.blocking,
            partition=now,
            target_materialization_data=latest.target_materialization_data and target,
        )
        # As of its run: what has none can be reported once for a partition, and never again.
        event = dg.DagsterEvent(_EVALUATED, "", event_specific_data=told)
        instance.report_dagster_event(event, record.run_id or _NO_RUN)


def _with_paths(
    metadata: Mapping[str, dg.MetadataValue[Any]], moved: Mapping[str, str]
) -> dict[str, Any]:
    """Metadata with the paths that things have now."""
    changed: dict[str, Any] = dict(metadata)
    for name, value in metadata.items():
        if isinstance(value, dg.PathMetadataValue):
            for old, new in moved.items():
                if str(value.path).startswith(old):
                    changed[name] = dg.MetadataValue.path(new + str(value.path).removeprefix(old))
    return changed


def migrate(home: Home) -> Iterator[str]:
    """Bring a home up to date; yields lines that tell what is done.

    Assemblies whose files have changed since, or that have no regions yet, are left to the sensor.

    Raises:
        TransgenicError: the home is not one of an earlier release, or has no Dagster instance.
    """
    earlier = read_earlier_home(home)
    for name in earlier.update_settings():
        yield f"{name} has been edited and stays; compare it with that of a new lab."
    with opened_instance(home) as instance:
        for name in earlier.unchanged:
            try:
                known = _migrate_assembly(instance, home, name)
            except (TransgenicError, OSError) as error:
                yield f"{name} will be looked at as a new assembly ({error})"
                continue
            yield f"{name}: {'its results are known' if known else 'it waits for its regions'}"
    earlier.finish()
    yield f"{home.root} is up to date; what was replaced is in {home.root / KEPT}."


def _migrate_assembly(instance: dg.DagsterInstance, home: Home, name: str) -> bool:
    """Tell Dagster what it knew of an assembly; returns False where it has no regions yet."""
    folder, inputs = home.run(name), home.assembly(name)
    if not folder.region_db.exists():
        return False
    with RegionDb(folder.region_db) as database:
        regions, _ = fingerprint_of_regions(database)
        names = database.pieces()
    pieces = Pieces.of(names, regions, assembly_options(home, inputs), scored=False)
    write_pieces(folder, pieces)
    seen = version_of(home, name, signature_of(states_of(home, inputs)))
    instance.report_runless_asset_event(arrival_of(home, name, seen))
    retell(instance, name, name, {}, {MADE_FROM: pieces.version})
    remember(instance, home, name)
    return True
