import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gsf.digit_costs import number_costs
from transgenic_dagster.gsf.parser import parse_sentence

numbers = st.integers(0, 49_152)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), st.data())
def test_every_digit_gets_its_costs(coordinates, data):
    features = [f"{start}|CDS{i}|{end}|+|A" for i, (start, end) in enumerate(coordinates, 1)]
    parsed = parse_sentence(";".join(features) + ">CDS1")
    digits = "".join(f"{start}{end}" for start, end in coordinates)
    recorded = data.draw(st.binary(min_size=10 * len(digits), max_size=10 * len(digits)))
    costs = number_costs(parsed, recorded)
    assert list(costs) == [f"CDS{i}" for i in range(1, len(coordinates) + 1)]
    for (start, end), found in zip(coordinates, costs.values(), strict=True):
        assert found.start.shape == (len(str(start)), 10)
        assert found.end.shape == (len(str(end)), 10)
        assert found.start.dtype == np.float32
    joined = np.concatenate([part for found in costs.values() for part in found])
    np.testing.assert_allclose(joined, np.frombuffer(recorded, np.uint8).reshape(-1, 10) / 10, 1e-6)


def test_costs_that_do_not_fit_the_sentence_are_not_used():
    parsed = parse_sentence("7|CDS1|30|+|A>CDS1")
    assert number_costs(parsed, bytes(30)) != {}
    assert number_costs(parsed, b"") == {}
    assert number_costs(parsed, bytes(40)) == {}
    assert number_costs(parse_sentence("007|CDS1|30|+|A>CDS1"), bytes(50)) == {}
