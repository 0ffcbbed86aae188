"""Genes are built once, in one process or several."""

import multiprocessing
import os
import signal

import pytest

from tests.assemblies import golden_chromosome
from tests.run.test_annotate import run
from tests.run.told_runs import options_of, tell_all
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import ResumableError
from transgenic_dagster.inference import prefetch
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run import gene_building
from transgenic_dagster.run.results import merge_pieces


def test_windows_are_read_once_by_each_stage_and_genes_are_built_once(tmp_path, monkeypatch):
    built, read, encoded = [], [], []

    def noted(list_of_calls, function, what):
        def call(*arguments):
            list_of_calls.extend(what(*arguments))
            return function(*arguments)

        return call

    for owner, name, calls, what in (
        (gene_building, "refined_gene_from_sentence", built, lambda _, r, *__: [r.gene_id]),
        (RegionDb, "sequences", read, lambda _, region_ids: region_ids),
        (prefetch, "encode_dna", encoded, lambda window: [window]),
    ):
        monkeypatch.setattr(owner, name, noted(calls, getattr(owner, name), what))
    outputs = {name: tmp_path / name for name in ("proteins", "gsf_output", "refinements", "gtf")}
    run(golden_chromosome(tmp_path), tmp_path, max_length=8, keep_input=True, **outputs)
    assert sorted(built) == [f"gene{i}" for i in range(9)]
    assert len(encoded) == 9
    assert sorted(read) == sorted([*range(9), *range(9)])


@pytest.fixture
def many(monkeypatch):
    """The demo's regions count as many, on a machine with two cores."""
    monkeypatch.setattr(gene_building, "granted_processors", lambda: 2)
    monkeypatch.setattr(gene_building, "MANY_REGIONS", 1)


@pytest.fixture
def told(tmp_path):
    """A run without its final files, and its options."""
    assembly = write_assembly(tmp_path / "demo")
    more = {"refine": "on", "proteins": tmp_path / "proteins.fa", "resume": True}
    options = options_of(assembly.genome_fasta, assembly.genes_gff3, tmp_path, **more)
    return tell_all(options), options


def merged(told):
    folder, options = told
    merge_pieces(folder, options)
    return [path.read_bytes() for path in (options.output, options.proteins)]


def test_several_processes_build_what_one_does(told, request):
    alone = merged(told)
    request.getfixturevalue("many")
    assert merged(told) == alone
    assert alone[0].count(b"\tgene\t") > 40
    assert multiprocessing.active_children() == []


def test_a_process_that_is_lost_is_told_and_the_results_can_be_made_again(told, many, monkeypatch):
    submit = gene_building.ProcessPoolExecutor.submit

    def lose(pool, *arguments, **more):
        future = submit(pool, *arguments, **more)
        for process in pool._processes.values():
            os.kill(process.pid, signal.SIGKILL)
        return future

    with monkeypatch.context() as patch:
        patch.setattr(gene_building.ProcessPoolExecutor, "submit", lose)
        with pytest.raises(ResumableError, match="A process that builds gene models was lost"):
            merged(told)
    assert not told[1].output.exists()
    assert merged(told)
