from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.genome.region import Region
from transgenic_dagster.inference.batching import (
    automatic_batch_size,
    plan_units,
    region_bytes,
)
from transgenic_dagster.model import TransgenicConfig


def region(region_id, length):
    return Region(region_id, f"g{region_id}", "Chr1", 0, 10, "+", 0, length)


regions = st.lists(st.sampled_from([5000, 6144, 12_288]), max_size=40).map(
    lambda lengths: [region(i, length) for i, length in enumerate(lengths)]
)


@given(regions, st.integers(1, 9))
def test_every_region_is_in_one_unit_of_one_length(members, size):
    units = plan_units("Chr1", members, lambda _: size)
    planned = [r for unit in units for r in unit.regions]
    assert sorted(r.region_id for r in planned) == [r.region_id for r in members]
    for unit in units:
        assert len(unit.regions) <= size
        assert {r.window_length for r in unit.regions} == {unit.window_length}


@given(regions, st.integers(1, 9), st.data())
def test_the_rest_of_an_interrupted_plan_is_the_plan_of_the_rest(members, size, data):
    units = plan_units("Chr1", members, lambda _: size)
    done = data.draw(st.integers(0, len(units)))
    finished = {r.region_id for unit in units[:done] for r in unit.regions}
    left = [r for r in members if r.region_id not in finished]
    assert plan_units("Chr1", left, lambda _: size) == units[done:]


def automatic(length, *, on_gpu=False, budget=24 << 30):
    config = TransgenicConfig()
    return automatic_batch_size(
        length,
        on_gpu=on_gpu,
        bytes_per_region=region_bytes(config, length, 2, 2048, 2 if on_gpu else 4),
        memory_budget=budget,
    )


def test_automatic_batches_shrink_with_windows_and_memory():
    assert automatic(6144) == 8
    assert automatic(49_152) == 1
    assert automatic(6144, budget=3 << 30) == 1
    assert automatic(6144, on_gpu=True, budget=80 << 30) > automatic(
        49_152, on_gpu=True, budget=80 << 30
    )


def test_caches_take_what_the_design_says():
    config = TransgenicConfig()
    cross = region_bytes(config, 6144, 0, 0, 2)
    assert cross == 1024 * 1536 * 2 * 12 * 2
    per_beam = region_bytes(config, 6144, 1, 2048, 2) - region_bytes(config, 6144, 0, 2048, 2)
    assert per_beam == 2048 * 1536 * 2 * 12 * 2
