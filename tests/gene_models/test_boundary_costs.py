import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.boundary_costs import (
    BoundaryKind,
    add_site_scores,
    digit_costs,
    distance_costs,
)

KINDS = list(BoundaryKind)


def certain(digits: str) -> np.ndarray:
    """Return -log probabilities of a model that was 0.91 sure of each digit."""
    nll = np.full((len(digits), 10), -math.log(0.01))
    nll[np.arange(len(digits)), [int(digit) for digit in digits]] = -math.log(0.91)
    return nll


@pytest.mark.parametrize("kind", KINDS)
def test_costs_grow_with_the_distance_to_either_side(kind):
    costs = distance_costs(kind, 60)
    assert costs.shape == (121,)
    assert costs[60] == 0
    assert np.all(np.diff(costs[60:]) > 0)
    assert np.array_equal(costs, costs[::-1])


@given(st.sampled_from(KINDS), st.integers(1, 30), st.integers(1, 30))
def test_two_moves_cost_no_less_than_the_one_they_amount_to(kind, first, second):
    costs = distance_costs(kind, 60)
    assert costs[60 + first + second] <= costs[60 + first] + costs[60 + second]


def test_a_stop_moves_more_easily_than_a_splice_site():
    stop, donor = distance_costs(BoundaryKind.STOP, 60), distance_costs(BoundaryKind.DONOR, 60)
    assert np.all(np.delete(stop, 60) < np.delete(donor, 60))


def test_digits_that_the_model_wavered_at_are_cheap():
    nll = certain("1250")
    nll[3, 7] = nll[3, 0]
    costs = digit_costs(1250, nll, 6144, BoundaryKind.DONOR, 60)
    by_distance = distance_costs(BoundaryKind.DONOR, 60)
    assert costs[60] == 0
    assert costs[67] == pytest.approx(by_distance[67])
    assert costs[66] > by_distance[66] + 3


def test_a_number_that_the_model_held_for_likelier_costs_less_than_nothing():
    nll = certain("1257")
    assert digit_costs(1250, nll, 6144, BoundaryKind.STOP, 60)[67] < 0


@pytest.mark.parametrize(("written", "other"), [(1299, 1301), (999, 1001), (9, 10)])
def test_a_carry_is_dear_where_the_model_was_sure_but_never_forbidden(written, other):
    costs = digit_costs(written, certain(str(written)), 6144, BoundaryKind.STOP, 60)
    by_distance = distance_costs(BoundaryKind.STOP, 60)
    offset = 60 + other - written
    # All of the trust in digits lies on the written one of the 121 numbers within reach.
    most = math.log(1 + 121)
    assert by_distance[offset] + 4 < costs[offset] < by_distance[offset] + most


def test_without_knowledge_of_digits_the_distance_decides():
    unsure = np.full((4, 10), math.log(10))
    costs = digit_costs(5000, unsure, 6144, BoundaryKind.STOP, 60)
    assert costs == pytest.approx(distance_costs(BoundaryKind.STOP, 60), abs=0.2)


def test_numbers_outside_the_window_are_forbidden():
    costs = digit_costs(10, certain("10"), 20, BoundaryKind.STOP, 30)
    assert np.flatnonzero(np.isfinite(costs)).tolist() == list(range(20, 41))


def test_costs_for_another_count_of_digits_are_an_error():
    with pytest.raises(ValueError, match="1000 has 4 digits"):
        digit_costs(1000, certain("999"), 6144, BoundaryKind.STOP, 60)


def test_a_better_site_costs_less_and_the_written_one_nothing():
    costs = np.array([5.0, 0.0, 5.0])
    scores = np.array([3.0, 1.0, -1.0])
    assert add_site_scores(costs, scores, written_is_site=True).tolist() == [3.0, 0.0, 7.0]
    assert add_site_scores(costs, scores, written_is_site=False)[1] == 0.0
