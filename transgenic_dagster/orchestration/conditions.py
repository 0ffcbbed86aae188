"""Conditions: assets that are made without a click.

The sensor of assemblies has an arrival prepared; what follows from that is decided here. Each event
requests a partition once: after a failure it waits for the next event, for a click, or for Sunday.
"""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import dagster as dg

from transgenic_dagster.lab.pieces import Pieces, read_pieces
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration.partitions import ASSEMBLY, early_parts, pair_key, split_key

SECONDS_BETWEEN_TICKS = 2
WEEKLY = "0 3 * * 0"
"""Sundays at three in the morning, what has failed is tried again."""
MADE_FROM = "made_from"
"""Metadata: version of regions, model and options that predictions and results are made from."""
SORTED_GFF = dg.AssetKey("sorted_gff")
REGION_DB = dg.AssetKey("region_db")
PREPARED = (SORTED_GFF, REGION_DB)
"""Made of an assembly as soon as it is reported."""
PREDICTIONS = dg.AssetKey("predictions")
INPUT_SCORES = dg.AssetKey("input_scores")
MERGED_GFF3 = dg.AssetKey("merged_gff3")

Condition = dg.AutomationCondition[dg.AssetKey]
UNFINISHED = [
    dg.DagsterRunStatus(name)
    for name in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
]
_Ids = dict[str, int]
_RETOLD = "transgenic-dagster/retold/"


def when_due(due: "Due") -> Condition:
    """Condition of a partition that is due, or has failed before Sunday."""
    return (due | weekly()).with_label("new, or made from something else")


def weekly() -> Condition:
    """Condition of a partition that has failed before Sunday."""
    return (
        dg.AutomationCondition.cron_tick_passed(WEEKLY)
        & dg.AutomationCondition.execution_failed()
        & ~dg.AutomationCondition.in_progress()
    )


def make_conditions_sensor() -> dg.AutomationConditionSensorDefinition:
    """Make the sensor that evaluates the conditions; it is running from the start."""
    with early_parts():
        return dg.AutomationConditionSensorDefinition(
            name="annotate_what_is_due",
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
            use_user_code_server=True,  # it knows the conditions of this module
            emit_backfills=False,  # the daemon looks for backfills every 30 s, for runs at once
            description="Prepares, predicts and merges what is new or has new inputs, another "
            "model or other options.",
        )


class Due(dg.AutomationCondition[dg.AssetKey]):
    """Condition of partitions whose inputs have changed since they were last requested.

    It looks at existing pairs alone, and never at all combinations of assembly and chromosome.

    Args:
        home: the lab's home, which knows the chromosomes of each assembly.
        scoring: whether it is about scores of the input's genes, and not about predictions.
    """

    def __init__(self, home: Home, *, scoring: bool = False) -> None:
        self._home, self._scoring = home, scoring

    @property
    def name(self) -> str:
        """Name in Dagster's pages."""
        return "due"

    @property
    def requires_cursor(self) -> bool:
        """Whether it remembers anything: the event log does."""
        return False

    def evaluate(
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Find the partitions that are due."""
        view = context.asset_graph_view
        due = set(self._due(context.key, _event_log(view)))
        if context.partitions_def is None:
            full, empty = view.get_full_subset, view.get_empty_subset
            subset = full(key=context.key) if due else empty(key=context.key)
        else:
            subset = view.get_subset_from_partition_keys(context.key, context.partitions_def, due)
        subset = context.candidate_subset.compute_intersection(subset)
        return dg.AutomationResult(context, true_subset=subset)

    @abstractmethod
    def _due(self, key: dg.AssetKey, log: "_EventLog") -> Iterator[str]:
        """Yield the partitions of an asset that are due; anything for one without partitions.

        Args:
            key: the asset.
            log: what has happened.
        """

    def _prepared(self, log: "_EventLog") -> Iterator[tuple[str, int, Pieces]]:
        """Yield assemblies with regions: name, number of the event that made these, chromosomes.

        Where it is about scores, those are left out that are not to be scored without a click.
        """
        for assembly, made in log.made(REGION_DB).items():
            pieces = read_pieces(self._home.run(assembly)) if assembly in log.assemblies else None
            if pieces is not None and (pieces.scored or not self._scoring):
                yield assembly, made, pieces


class PredictionsDue(Due):
    """Condition of chromosomes whose regions are newer than their predictions, or their scores."""

    def _due(self, key: dg.AssetKey, log: "_EventLog") -> Iterator[str]:
        for assembly, made, pieces in self._prepared(log):
            folder = self._home.run(assembly)
            folder = folder.scoring if self._scoring else folder
            for piece, pair in ((name, pair_key(assembly, name)) for name in pieces.names):
                if log.asked(key, pair) < made and not (
                    folder.journal(piece).exists() and log.made_from(key, pair) == pieces.version
                ):
                    yield pair


class ResultsDue(Due):
    """Condition of assemblies with predictions, or scores, of all chromosomes, not merged yet.

    While one is predicted again they wait, so that they are merged once. The predictions of an
    assembly that is one piece are merged by their own run.
    """

    def _due(self, key: dg.AssetKey, log: "_EventLog") -> Iterator[str]:
        merged = INPUT_SCORES if self._scoring else PREDICTIONS
        for assembly, made, pieces in self._prepared(log):
            asked = log.asked(key, assembly)
            if len(pieces.names) == 1:
                asked = max(asked, log.made(key).get(assembly, 0))
            pairs = [pair_key(assembly, piece) for piece in pieces.names]
            predicted = [log.made(merged).get(pair, 0) for pair in pairs]
            newest = max(predicted, default=0)
            if max(made, newest) < asked or 0 in predicted:
                continue
            if any(log.made_from(merged, pair) != pieces.version for pair in pairs):
                continue
            gff3, scores = self._home.results(assembly).gff3, self._home.scores(assembly).scores
            exists = (scores if self._scoring else gff3).exists()
            version = pieces.version if self._scoring else pieces.results_version
            stale = newest > asked or log.made_from(key, assembly) != version
            if (stale or not exists) and not log.at_work(pairs):
                yield assembly


class OverviewDue(Due):
    """Condition of the overview: an assembly has other results, or is gone, since it was made.

    After a failure it waits for the next results.
    """

    def _due(self, key: dg.AssetKey, log: "_EventLog") -> Iterator[str]:
        made, asked = log.made_and_asked(key)
        newest = max(log.results().values(), default=0)
        if log.made_from(key, None) != log.results_version() and max(newest, made) > asked:
            yield key.to_user_string()


def results_version(instance: dg.DagsterInstance) -> str:
    """Version of the results of all assemblies together."""
    return _EventLog(instance).results_version()


def latest_record(
    instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None = None
) -> dg.EventLogRecord | None:
    """Latest materialization of an asset, or of one of its partitions; None where there is none."""
    partitions = None if partition is None else [partition]
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=partitions)
    return next(iter(instance.fetch_materializations(wanted, limit=1).records), None)


def retold_until(instance: dg.DagsterInstance, assemblies: Iterable[str]) -> _Ids:
    """Number of the last event that was retold of each assembly; those without one are left out."""
    keys = {f"{_RETOLD}{name}" for name in assemblies}
    found = instance.daemon_cursor_storage.get_cursor_values(keys)
    return {key.removeprefix(_RETOLD): int(number) for key, number in found.items()}


def set_retold_until(instance: dg.DagsterInstance, assembly: str, number: int) -> None:
    """Note that the events of an assembly up to this number are history, not news."""
    instance.daemon_cursor_storage.set_cursor_values({f"{_RETOLD}{assembly}": str(number)})


class _EventLog:
    """Latest events of partitions.

    Args:
        instance: Dagster instance that has the event log.
    """

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._ids: dict[tuple[dg.AssetKey, dg.DagsterEventType], _Ids] = {}
        self.assemblies = frozenset(instance.get_dynamic_partitions(ASSEMBLY))
        self._retold = retold_until(instance, self.assemblies)

    def made(self, key: dg.AssetKey) -> _Ids:
        """Number of the latest materialization of each partition."""
        return self._latest(key, dg.DagsterEventType.ASSET_MATERIALIZATION)

    def asked(self, key: dg.AssetKey, partition: str) -> int:
        """Number of the latest request of a partition; 0 for none.

        What was retold of an assembly (``history.py``) was requested before.
        """
        planned = self._latest(key, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        made = self.made(key).get(partition, 0)
        retold = made if made <= self._retold.get(split_key(partition)[0], 0) else 0
        return max(planned.get(partition, 0), retold)

    def at_work(self, partitions: list[str]) -> bool:
        """Return whether a run of one of some partitions has not ended."""
        runs = dg.RunsFilter(tags={"dagster/partition": partitions}, statuses=UNFINISHED)
        return bool(self._instance.get_run_ids(runs, limit=1))

    def results(self) -> _Ids:
        """Number of the latest results of each assembly."""
        made = self.made(MERGED_GFF3)
        return {name: made[name] for name in sorted(self.assemblies & made.keys())}

    def results_version(self) -> str:
        """Version of the results of all assemblies together."""
        return hashlib.sha256(json.dumps(self.results()).encode()).hexdigest()

    def made_and_asked(self, key: dg.AssetKey) -> tuple[int, int]:
        """Numbers of the latest materialization and request of an asset without partitions."""
        made = latest_record(self._instance, key)
        asked = self._instance.event_log_storage.get_latest_planned_materialization_info(key)
        return made.storage_id if made else 0, asked.storage_id if asked else 0

    def made_from(self, key: dg.AssetKey, partition: str | None) -> object:
        """Version that the latest materialization, of a partition or at all, was made from."""
        record = latest_record(self._instance, key, partition)
        made = record.asset_materialization if record else None
        value = made.metadata.get(MADE_FROM) if made else None
        return None if value is None else value.value

    def _latest(self, key: dg.AssetKey, event: dg.DagsterEventType) -> _Ids:
        if (key, event) not in self._ids:
            storage = self._instance.event_log_storage
            found = storage.get_latest_storage_id_by_partition(key, event)
            self._ids[key, event] = dict(found)
        return self._ids[key, event]


@lru_cache(maxsize=1)
def _event_log(view: Any) -> _EventLog:
    """Event log as all conditions of one tick see it."""
    return _EventLog(view.instance)
