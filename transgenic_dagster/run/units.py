"""Units that are left to predict, each region with what the input gives to the model."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_sentences import GivenSentences
from transgenic_dagster.run.journals import journaled
from transgenic_dagster.run.state import PieceState

if TYPE_CHECKING:
    from transgenic_dagster.inference.batching import BatchSizes, Unit


def units_left(
    folder: RunFolder,
    states: Iterable[PieceState],
    batch_sizes: "BatchSizes",
    given: GivenSentences | None,
) -> "tuple[list[Unit], list[tuple[Unit, list[PredictedSentence]]]]":
    """Units that are left, and regions that cannot be given to the model, as if predicted."""
    from transgenic_dagster.inference.batching import Unit, plan_units

    units: list[Unit] = []
    faulty: list[tuple[Unit, list[PredictedSentence]]] = []
    with RegionDb(folder.region_db) as database:
        for state in states:
            done = {sentence.region_id for sentence in journaled(folder, state)}
            regions = database.regions(state.piece)
            if given is not None:
                faults = {r: fault for r in regions if (fault := given.of(r).fault)}
                regions = [region for region in regions if region not in faults]
                new = {r: fault for r, fault in faults.items() if r.region_id not in done}
                if new:
                    failed = [_failed(region, fault.reason) for region, fault in new.items()]
                    faulty.append((Unit(state.piece, tuple(new)), failed))
            left = [region for region in regions if region.region_id not in done]
            units += plan_units(state.piece, left, batch_sizes.per_unit)
    return [_with_given(unit, given) for unit in units], faulty


def _with_given(unit: "Unit", given: GivenSentences | None) -> "Unit":
    if given is None:
        return unit
    token_ids = tuple(given.of(region).token_ids for region in unit.regions)
    return replace(unit, given=token_ids, whole=given.whole)


def _failed(region: Region, reason: str) -> PredictedSentence:
    return PredictedSentence(region.region_id, "", "", 0.0, 0.0, False, reason)


def units_out_of_memory(
    folder: RunFolder, states: Mapping[str, PieceState], given: GivenSentences | None
) -> "list[Unit]":
    """The regions that are journaled as out of memory, each a unit of its own."""
    from transgenic_dagster.inference.batching import Unit

    units = []
    with RegionDb(folder.region_db) as database:
        for piece, state in states.items():
            lost = {s.region_id for s in journaled(folder, state) if s.out_of_memory}
            if lost:
                regions = database.regions(piece)
                units += [Unit(piece, (r,)) for r in regions if r.region_id in lost]
    return [_with_given(unit, given) for unit in units]
