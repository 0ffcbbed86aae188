from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.inference.batching import (
    BatchSizes,
    plan_units,
    region_bytes,
)
from transgenic_dagster.model import TransgenicConfig
from transgenic_dagster.regions.region import Region


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


def sizes(*, on_gpu=False, budget=24 << 30, fixed=None):
    return BatchSizes(
        config=TransgenicConfig(),
        num_beams=2,
        max_length=2048,
        dtype_bytes=2 if on_gpu else 4,
        on_gpu=on_gpu,
        memory_budget=budget,
        fixed=fixed,
    )


def test_automatic_batches_shrink_with_windows_and_memory():
    assert sizes().batch_size(6144) == 8
    assert sizes().batch_size(49_152) == 1
    assert sizes(budget=3 << 30).batch_size(6144) == 1
    gpu = sizes(on_gpu=True, budget=80 << 30)
    assert gpu.batch_size(6144) > gpu.batch_size(49_152)


@given(st.integers(1 << 30, 200 << 30), st.integers(1, 8), st.booleans())
def test_automatic_batches_are_powers_of_two(budget, multiple, on_gpu):
    batch_size = sizes(on_gpu=on_gpu, budget=budget).batch_size(6144 * multiple)
    assert batch_size & (batch_size - 1) == 0


def test_a_number_that_is_asked_for_is_taken_and_units_hold_some_batches():
    assert sizes(fixed=3).batch_size(49_152) == 3
    assert sizes(fixed=3).per_unit(49_152) == 6
    assert sizes(fixed=3, on_gpu=True).per_unit(49_152) == 24


def test_caches_take_what_the_design_says():
    config = TransgenicConfig()
    cross = region_bytes(config, 6144, 0, 0, 2)
    assert cross == 1024 * 1536 * 2 * 12 * 2
    per_beam = region_bytes(config, 6144, 1, 2048, 2) - region_bytes(config, 6144, 0, 2048, 2)
    assert per_beam == 2048 * 1536 * 2 * 12 * 2
