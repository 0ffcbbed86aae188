import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.inference import core_split
from transgenic_dagster.inference.batching import BatchSizes
from transgenic_dagster.inference.core_split import (
    best_split,
    core_shares,
    memory_of_processes,
    most_processes,
    take_cores,
)
from transgenic_dagster.model import TransgenicConfig

SIZES = BatchSizes(TransgenicConfig(), 2, 2048, 4, False, 256 << 30)
PARAMETERS = 400_591_104


def most(cores, units=1000, memory=1 << 40, lengths=(6144,)):
    return most_processes(cores, SIZES, PARAMETERS, lengths, units, memory)


@pytest.mark.parametrize(("cores", "processes"), [(1, 1), (8, 1), (9, 4), (16, 8), (64, 32)])
def test_more_than_eight_cores_are_split_in_twos_at_the_least(cores, processes):
    assert most(cores) == processes


def test_every_process_has_some_units():
    assert [most(64, units=units) for units in (0, 7, 8, 16, 31, 32)] == [1, 1, 2, 4, 4, 8]


@pytest.mark.parametrize("lengths", [(6144,), (6144, 49_152)])
def test_all_processes_fit_into_the_memory_together(lengths):
    needed = max(memory_of_processes(4, SIZES, PARAMETERS, length) for length in lengths)
    memory = int(needed / core_split.JOINT_MEMORY_SHARE)
    assert most(64, memory=memory + 1000, lengths=lengths) == 4
    assert most(64, memory=memory - 1000, lengths=lengths) == 2
    assert most(64, memory=1, lengths=lengths) == 1


def test_the_weights_are_there_once():
    one, two, three = (memory_of_processes(n, SIZES, PARAMETERS, 6144) for n in (1, 2, 3))
    assert three - two == two - one < one - 4 * PARAMETERS


@given(st.integers(1, 300), st.integers(1, 64))
def test_cores_are_shared_out_evenly_and_completely(cores, processes):
    shares = core_shares(cores, processes)
    assert max(shares) - min(shares) <= 1
    assert sum(shares) == max(cores, processes)


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({1: 10, 2: 12, 4: 20, 8: 19}, 4),
        ({1: 10, 2: 9, 4: 8, 8: 12}, 8),
        ({1: 10, 2: 10.4, 4: 10.4, 8: 10.4}, 1),  # hardly more, for more memory
        ({1: 10, 2: 0, 4: 0, 8: 0}, 1),  # no memory for them
        ({1: 0, 2: 0, 4: 0, 8: 0}, 1),
    ],
)
def test_the_split_that_does_most_is_taken(rates, best):
    assert best_split(8, rates.__getitem__) == best
    assert best_split(1, rates.__getitem__) == 1


@pytest.fixture
def bound(monkeypatch):
    """What processes are bound to, on a machine with cores 4 to 15."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4, 16)))
    bound = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: bound.append(cores))
    threads = []
    monkeypatch.setattr(core_split.torch, "set_num_threads", threads.append)
    return bound, threads


def test_each_process_has_cores_of_its_own(bound):
    for number in range(5):
        take_cores(core_shares(12, 5), number)
    assert bound == ([[4, 5, 6], [7, 8, 9], [10, 11], [12, 13], [14, 15]], [3, 3, 2, 2, 2])


def test_a_run_that_has_some_of_the_cores_leaves_the_choice_to_the_kernel(bound):
    for number in range(2):
        take_cores(core_shares(8, 2), number)
    assert bound == ([], [4, 4])
