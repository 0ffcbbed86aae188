import os

import pytest

from tests import golden
from transgenic_dagster.inference import prefetch
from transgenic_dagster.inference.batching import plan_units
from transgenic_dagster.inference.prefetch import load_units
from transgenic_dagster.model import encode_dna
from transgenic_dagster.regions.region import Region

SEQUENCE = golden.tiny_windows()["e5000"]["sequence"][:600]
REGIONS = [Region(i, f"g{i}", "Chr1", 0, 10, "+", i, i + 500) for i in range(6)]


def read_sequences(region_ids):
    """Sequences that name the process that read them, as the length of a run of N."""
    own_process = os.getpid() % 97
    return {i: SEQUENCE[i : i + 500 - own_process] + "N" * own_process for i in region_ids}


def load(num_workers):
    units = plan_units("Chr1", REGIONS, lambda _: 2)
    loaded = list(load_units(units, read_sequences, num_workers=num_workers, prefetch_factor=1))
    assert [unit for unit, _ in loaded] == units
    return [ids for _, ids in loaded]


def test_units_come_in_order_with_their_ids():
    tail = os.getpid() % 97
    for i, ids in enumerate(load(0)):
        assert ids.shape == (2, 500)
        assert ids[1].tolist() == encode_dna(read_sequences([2 * i + 1])[2 * i + 1]).tolist()
        assert ids[0, 500 - tail :].tolist() == [11] * tail


def test_workers_read_in_processes_of_their_own(monkeypatch):
    monkeypatch.setattr(prefetch, "UNITS_PER_WORKER", 1)
    here, elsewhere = load(0), load(2)
    assert any(a.tolist() != b.tolist() for a, b in zip(here, elsewhere, strict=True))


def test_no_process_is_started_for_a_handful_of_units(monkeypatch):
    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", pytest.fail)
    assert len(load(2)) == 3
