"""Genes are built once."""

from tests.assemblies import golden_chromosome
from tests.run.test_annotate import run
from transgenic_dagster.inference import prefetch
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run import gene_building


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
