from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.sequences.natural_order import natural_key


def test_digits_compare_by_value() -> None:
    names = ["chr2", "chr10", "chr1", "chr01", "chrX", "chr", "1", "10", "2", "chr1_random"]
    assert sorted(names, key=natural_key) == [
        "1",
        "2",
        "10",
        "chr",
        "chr01",
        "chr1",
        "chr1_random",
        "chr2",
        "chr10",
        "chrX",
    ]


@given(st.sets(st.text("a1٣0b", max_size=8)))
def test_order_is_total(names: set[str]) -> None:
    assert len({natural_key(name) for name in names}) == len(names)
    assert sorted(names, key=natural_key) == sorted(sorted(names), key=natural_key)


def test_very_long_numbers_are_no_obstacle() -> None:
    assert natural_key("9" * 5000) < natural_key("1" + "0" * 5000)
