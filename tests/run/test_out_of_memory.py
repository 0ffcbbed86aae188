"""Running out of memory is an event of the machine: regions are tried again, never given up."""

import pytest
import torch

from tests.assemblies import golden_chromosome
from tests.run.test_annotate import interrupt, rejects, results, run
from transgenic_dagster.errors import RunError
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.run import predict
from transgenic_dagster.run.journals import JournalSummary
from transgenic_dagster.run.state import PieceSummary


class Memory:
    """The memory of a device: decoding fails for the regions that it does not hold."""

    def __init__(self, monkeypatch):
        self.too_large = set()
        self.passes = False
        self.units = []
        decode = Engine._decode

        def decode_or_fail(engine, regions, ids, options, batch_size, prompts):
            names = [region.gene_id for region in regions]
            self.units.append(names)
            lacking = self.too_large.intersection(names)
            if lacking:
                if self.passes and len(names) == 1:
                    self.too_large -= lacking
                raise torch.OutOfMemoryError("full")
            return decode(engine, regions, ids, options, batch_size, prompts)

        monkeypatch.setattr(Engine, "_decode", decode_or_fail)


@pytest.fixture
def memory(monkeypatch):
    return Memory(monkeypatch)


@pytest.fixture
def assembly(tmp_path):
    return golden_chromosome(tmp_path)


def folder(tmp_path, name):
    (tmp_path / name).mkdir()
    return tmp_path / name


def annotate(assembly, folder, **options):
    return run(assembly, folder, batch_size=2, gsf_output=folder / "gsf.tsv", **options)


def test_a_passing_shortage_changes_no_byte(tmp_path, assembly, memory):
    whole, short = folder(tmp_path, "whole"), folder(tmp_path, "short")
    annotate(assembly, whole)
    memory.too_large = {"gene1", "gene6"}
    memory.passes = True
    memory.units.clear()
    annotate(assembly, short)
    assert memory.units[-2:] == [["gene1"], ["gene6"]]
    assert results(short) == results(whole)


def test_a_resumed_run_forms_the_same_units_and_tries_again_alone(tmp_path, assembly, memory):
    whole, broken = folder(tmp_path, "whole"), folder(tmp_path, "broken")
    annotate(assembly, whole)
    planned = [unit for unit in memory.units if len(unit) > 1]
    memory.too_large = {"gene1"}
    interrupt(assembly, broken, 3, gsf_output=broken / "gsf.tsv")
    memory.too_large = set()
    memory.units.clear()
    annotate(assembly, broken, resume=True)
    assert memory.units == [*planned[1:], ["gene8"], ["gene1"]]
    assert results(broken) == results(whole)


def test_a_region_that_never_fits_alone_is_reported(tmp_path, assembly, memory):
    memory.too_large = {"gene1"}
    accounting = annotate(assembly, folder(tmp_path, "out"))
    reported = {r["gm_id"]: r["reason"] for r in rejects(tmp_path / "out/out.gff3.rejects.txt")}
    assert reported["gene1"] == "out_of_memory"
    assert accounting.total == 9


def test_a_finished_run_tries_such_a_region_again_when_it_is_resumed(tmp_path, assembly, memory):
    whole, short = folder(tmp_path, "whole"), folder(tmp_path, "short")
    annotate(assembly, whole)
    memory.too_large = {"gene1"}
    annotate(assembly, short)
    annotate(assembly, short, resume=True)
    assert results(short) != results(whole)
    memory.too_large = set()
    annotate(assembly, short, resume=True)
    assert results(short) == results(whole)
    assert not (short / "out.gff3.work").exists()


def test_a_run_without_more_than_a_few_regions_fails_and_can_be_resumed(tmp_path, assembly, memory):
    whole, short = folder(tmp_path, "whole"), folder(tmp_path, "short")
    annotate(assembly, whole)
    memory.too_large = {f"gene{i}" for i in range(6)}
    for resume in (False, True):
        with pytest.raises(RunError, match=r"6 of 9 regions did not fit.*are tried again"):
            annotate(assembly, short, resume=resume)
        assert not (short / "out.gff3").exists()
    memory.too_large = set()
    memory.units.clear()
    annotate(assembly, short, resume=True)
    assert memory.units == [[f"gene{i}"] for i in range(6)]
    assert results(short) == results(whole)


def test_a_crash_while_regions_are_tried_again_loses_nothing(tmp_path, assembly, memory):
    whole, broken = folder(tmp_path, "whole"), folder(tmp_path, "broken")
    annotate(assembly, whole)
    memory.too_large = {"gene1", "gene2"}
    memory.passes = True
    interrupt(assembly, broken, 8, gsf_output=broken / "gsf.tsv")
    annotate(assembly, broken, resume=True)
    assert results(broken) == results(whole)


@pytest.mark.parametrize(
    ("regions", "lost", "fails"),
    [
        (1, 1, True),
        (3, 2, False),
        (3, 3, True),
        (100, 5, False),
        (100, 6, True),
        (10_000, 100, False),
        (10_000, 101, True),
    ],
)
def test_a_few_is_five_or_one_in_a_hundred_but_never_all(regions, lost, fails):
    class Found:
        device = "cpu"

    journals = JournalSummary()
    journals.pieces["c"] = PieceSummary(regions, regions, lost)
    journals.accounting.rejected["out_of_memory"] = lost
    if fails:
        with pytest.raises(RunError):
            predict._check_memory(journals, Found())
    else:
        predict._check_memory(journals, Found())
