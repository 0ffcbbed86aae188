import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.regions.windows import MAX_WINDOW, STATIC_SIZE, plan_window, window_cap

RECORDED = json.loads(
    (Path(__file__).parents[1] / "data/golden/text/windows.json").read_text(encoding="utf-8")
)


@st.composite
def genes(draw: st.DrawFn) -> tuple[int, int, int]:
    sequence_length = draw(st.integers(1, 200_000))
    start = draw(st.integers(0, sequence_length - 1))
    end = draw(st.integers(start + 1, min(sequence_length, start + 60_000)))
    return start, end, sequence_length


@pytest.mark.parametrize(
    "case", RECORDED, ids=lambda case: f"{case['gene_length']}-{case['where']}"
)
def test_published_rule_gives_the_recorded_windows(case: dict[str, Any]) -> None:
    length = case["chrom_length"]
    window = plan_window(case["gene_start"] - 1, case["gene_end"], length, rule="published")
    if case["skipped"]:
        assert window is None
    else:
        assert window == (case["region_start"], min(case["region_end"], length))


@given(genes())
def test_extended_window_is_a_multiple_around_the_gene_or_the_whole_sequence(
    gene: tuple[int, int, int],
) -> None:
    start, end, length = gene
    window = plan_window(*gene)
    if window is None:
        assert end - start >= MAX_WINDOW
        return
    window_start, window_end = window
    assert 0 <= window_start <= start < end <= window_end <= length
    assert window_end - window_start <= MAX_WINDOW
    assert (window_end - window_start) % STATIC_SIZE == 0 or window == (0, length)


@given(genes())
def test_both_rules_agree_where_the_window_fits(gene: tuple[int, int, int]) -> None:
    start, end, length = gene
    if start >= MAX_WINDOW and end + MAX_WINDOW <= length:
        assert plan_window(*gene) == plan_window(*gene, rule="published")


@given(genes(), st.sampled_from(["extended", "published"]))
def test_window_never_exceeds_a_smaller_limit(gene: tuple[int, int, int], rule: Any) -> None:
    window = plan_window(*gene, max_window=12_288, rule=rule)
    assert window is None or window[1] - window[0] <= 12_288


@pytest.mark.parametrize(
    ("gene", "window"),
    [
        ((0, 300, 200_000), (0, 6144)),
        ((199_700, 200_000, 200_000), (193_856, 200_000)),
        ((999, 20_999, 200_000), (0, 24_576)),
        ((50, 150, 5000), (0, 5000)),
        ((0, 6144, 6144), (0, 6144)),
    ],
)
def test_window_clipped_at_one_end_grows_at_the_other(
    gene: tuple[int, int, int], window: tuple[int, int]
) -> None:
    assert plan_window(*gene) == window


@pytest.mark.parametrize("gene", [(5, 5, 10), (-1, 3, 10), (3, 11, 10)])
def test_gene_outside_its_sequence_is_refused(gene: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="invalid gene coordinates"):
        plan_window(*gene)


@pytest.mark.parametrize(("max_encoder_seqlen", "cap"), [(12_288, 12_288), (160_000, MAX_WINDOW)])
def test_window_cap_is_the_smaller_of_the_two_limits(max_encoder_seqlen: int, cap: int) -> None:
    assert window_cap(max_encoder_seqlen) == cap
