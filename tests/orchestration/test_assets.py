"""The five assets of an annotation, run without a server."""

import json

import dagster as dg
import pytest

from tests.assemblies import golden_chromosome
from tests.lab.homes import make_home, put
from tests.orchestration.labs import AFTER, BEFORE, Lab, failure, messages
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.lab.init import write_lab
from transgenic_dagster.orchestration import assets
from transgenic_dagster.orchestration.component import TransgenicLab
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.system.locks import file_lock

CHECKS = {
    "accounting_adds_up",
    "gff3_is_valid",
    "gene_count_is_plausible",
    "genes_overlap_their_input",
    "reading_frames_are_complete",
    "no_stops_in_frame",
    "structures_differ",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo assembly of a new lab, annotated."""
    home = write_lab(tmp_path_factory.mktemp("labs") / "lab")
    lab = Lab(home)
    return lab, lab.annotate("demo")


def test_the_files_are_byte_for_byte_those_of_the_command_line(demo, tmp_path):
    lab, _ = demo
    inputs, results = lab.home.assembly("demo"), lab.home.results("demo")
    options = {
        "fasta_file": inputs.genome,
        "gff_file": inputs.genes,
        "output": tmp_path / "out.gff3",
        "gsf_output": tmp_path / "out.tsv",
        "proteins": tmp_path / "out.fa",
        "model": "demo",
        "num_workers": 0,
    }
    annotate(parse_options(options), SilentProgress())
    assert results.gff3.read_bytes() == (tmp_path / "out.gff3").read_bytes()
    assert results.rejects.read_bytes() == (tmp_path / "out.gff3.rejects.txt").read_bytes()
    assert results.gsf.read_bytes() == (tmp_path / "out.tsv").read_bytes()
    assert results.proteins.read_bytes() == (tmp_path / "out.fa").read_bytes()


def test_all_checks_of_a_good_annotation_pass(demo):
    _, result = demo
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert set(checks) == CHECKS
    assert all(check.passed for check in checks.values()), checks
    assert {check.partition for check in checks.values()} == {"demo"}
    assert checks["accounting_adds_up"].metadata["annotated"].value == 46


def rows(table):
    """Rows of a table that an asset's page shows."""
    return [list(record.data.values()) for record in table.records]


def test_the_pages_of_the_final_assets_show_counts_reasons_and_a_picture(demo):
    _, result = demo
    shown = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    gff3, rejects = shown["merged_gff3"], shown["reject_report"]
    counts = [gff3[name].value for name in ("genes", "annotated", "rejected", "skipped")]
    assert counts == [50, 46, 2, 2]
    assert ["rejected", "mixed_strand", 1] in rows(gff3["outcomes"])
    assert ["complete", 62] in rows(gff3["reading_frames"])
    assert gff3["annotated_percent"].value == 92
    assert 0.5 < gff3["mean_confidence"].value <= 1
    assert gff3["complete_frames_percent"].value == 100
    assert "](data:image/png;base64,iVBOR" in gff3["genome_map"].value
    assert ["window_too_long", 1] in rows(rejects["reasons"])
    assert "DEMO1G00120" in [gene for gene, _, _ in rows(rejects["examples"])]
    assert rejects["lines"].value == 4


def test_progress_is_observed_while_a_piece_is_predicted(tmp_path, monkeypatch):
    monkeypatch.setattr("transgenic_dagster.orchestration.step_progress.LEAST_SECONDS", 0.0)
    home = make_home(tmp_path)
    put(home, "moss", golden_chromosome(tmp_path))
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    result = lab.run(["predictions"], "moss|chr1")
    observed = [
        event.event_specific_data.asset_observation
        for event in result.get_asset_observation_events()
    ]
    assert {one.partition for one in observed} == {"moss|chr1"}
    shares = [one.metadata["percent"].value for one in observed]
    assert shares[0] == 0
    assert shares[-1] == 100
    assert len(shares) >= 5
    assert shares == sorted(shares)
    assert observed[0].description == "predicting the first of 9 regions"
    assert "eta" not in observed[0].metadata
    assert {"regions_per_second", "eta", "rejected"} <= observed[1].metadata.keys()
    assert any("regions/s, ETA" in text for text in messages(result, lab.instance))


class CrashError(Exception):
    """Ends a prediction from inside."""


def crash_after(monkeypatch, units):
    """Have the engine fail once it has predicted some units."""
    predict = Engine.predict
    left = [units]

    def failing(self, *args, **kwargs):
        if left[0] == 0:
            raise CrashError
        left[0] -= 1
        return predict(self, *args, **kwargs)

    monkeypatch.setattr(Engine, "predict", failing)


def test_a_broken_off_piece_goes_on_from_its_journal_and_ends_with_the_same_bytes(
    tmp_path, monkeypatch
):
    home = make_home(tmp_path)
    assembly = golden_chromosome(tmp_path)
    put(home, "whole", assembly)
    put(home, "broken", assembly)
    lab = Lab(home)
    lab.annotate("whole")
    lab.run(BEFORE, "broken")
    with monkeypatch.context() as patch:
        crash_after(patch, 2)
        assert "CrashError" in failure(lab.run(["predictions"], "broken|chr1", check=False))
    result = lab.run(["predictions"], "broken|chr1")
    assert "done already of chr1: 4 of 9 regions" in messages(result, lab.instance)
    lab.run(AFTER, "broken")
    for path in ("gff3", "rejects", "gsf"):
        whole, broken = (getattr(home.results(name), path) for name in ("whole", "broken"))
        assert whole.read_bytes() == broken.read_bytes()


def test_a_retry_discards_nothing_of_its_first_attempt(tmp_path, monkeypatch):
    home = make_home(tmp_path)
    put(home, "moss", golden_chromosome(tmp_path))
    lab = Lab(home)
    monkeypatch.setattr(assets, "RETRIES", 1)
    monkeypatch.setattr(assets, "SECONDS_BEFORE_RETRY", 0)
    lab.definitions = TransgenicLab(home=str(home.root)).definitions(dg.in_process_executor)
    lab.run(BEFORE, "moss")
    crash_after(monkeypatch, 2)
    result = lab.run(["predictions"], "moss|chr1", check=False, overwrite=True)
    assert not result.success
    assert "done already of chr1: 4 of 9 regions" in messages(result, lab.instance)


def test_a_complete_piece_is_not_predicted_again(tmp_path, monkeypatch):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    lab.predict("moss")
    crash_after(monkeypatch, 0)
    result = lab.run(["predictions"], "moss|a6144")
    assert "done already of a6144: 1 of 1 region" in messages(result, lab.instance)
    crashed = lab.run(["predictions"], "moss|a6144", check=False, overwrite=True)
    assert "CrashError" in failure(crashed)


def test_other_options_start_a_piece_afresh_and_a_mixture_is_refused(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.annotate("moss")
    finished = home.results("moss").gff3.read_bytes()
    result = lab.run(["predictions"], "moss|b6144", num_beams=3)
    assert "b6144 starts afresh (num_beams was 2, is 3)" in messages(result, lab.instance)

    refused = lab.run(AFTER, "moss", check=False)
    assert "do not belong to the others or to region_db (changed: num_beams" in failure(refused)
    assert home.results("moss").gff3.read_bytes() == finished

    lab.predict("moss", num_beams=3)
    assert lab.run(AFTER, "moss").success
    assert '"num_beams": "3"' in home.results("moss").gff3.read_text()


def test_predictions_of_other_inputs_are_not_merged(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.annotate("moss")
    genes = home.assembly("moss").genes
    genes.write_text(genes.read_text().replace("ID=a6144", "ID=renamed"))
    stale = lab.run(["region_db"], "moss", check=False)
    assert "has changed since it was sorted (in Dagster: materialize sorted_gff first)" in failure(
        stale
    )
    lab.run(BEFORE, "moss")
    refused = lab.run(AFTER, "moss", check=False)
    assert "changed: annotation" in failure(refused)
    lab.predict("moss")
    assert lab.run(AFTER, "moss").success
    assert '"renamed"' in home.results("moss").rejects.read_text()


def test_missing_predictions_are_named(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    lab.run(["predictions"], "moss|a6144")
    refused = failure(lab.run(AFTER, "moss", check=False))
    assert "Predictions are missing for b6144, c6144, d12288, e5000, f7001" in refused


def test_two_processes_never_write_one_journal(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    journal = home.run("moss").journal("a6144")
    with file_lock(journal.with_suffix(".lock"), busy="taken"):
        refused = lab.run(["predictions"], "moss|a6144", check=False)
    assert "Another process is predicting a6144" in failure(refused)


def test_a_sequence_without_genes_is_no_chromosome_and_ends_at_once_without_a_device(
    tmp_path, monkeypatch
):
    home = make_home(tmp_path)
    assembly = golden_chromosome(tmp_path)
    assembly.fasta.write_text(assembly.fasta.read_text() + ">bare\n" + "ACGT" * 10_000 + "\n")
    put(home, "moss", assembly)
    lab = Lab(home)
    assert lab.annotate("moss").success
    assert lab.piece_keys("moss") == ["moss|chr1"]
    summary = json.loads((home.run("moss").root / "annotation.gff3.ckpt.json").read_text())
    assert summary["accounting"]["total"] == 9

    lab.instance.add_dynamic_partitions("chromosome", ["bare"])
    monkeypatch.setattr(assets, "leased_gpu", None)
    result = lab.run(["predictions"], "moss|bare")
    assert "moss has no bare; nothing to predict." in messages(result, lab.instance)
    assert result.get_asset_materialization_events() == []


def test_chromosomes_of_one_run_share_a_model(tmp_path, monkeypatch):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    loads = []
    load = Engine.load
    monkeypatch.setattr(Engine, "load", lambda *a, **k: loads.append(a) or load(*a, **k))
    tags = {
        "dagster/asset_partition_range_start": "moss|a6144",
        "dagster/asset_partition_range_end": "moss|c6144",
    }
    job = lab.definitions.resolve_implicit_global_asset_job_def()
    selected = [dg.AssetKey("predictions")]
    result = job.execute_in_process(instance=lab.instance, asset_selection=selected, tags=tags)
    made = {event.partition for event in result.get_asset_materialization_events()}
    assert made == {"moss|a6144", "moss|b6144", "moss|c6144"}
    assert len(loads) == 1


def test_a_run_is_tagged_with_its_assembly_and_chromosome(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    before = lab.run(BEFORE, "moss")
    predicted = lab.run(["predictions"], "moss|a6144")
    tags = [lab.instance.get_run_by_id(run.run_id).tags for run in (before, predicted)]
    assert [t["assembly"] for t in tags] == ["moss", "moss"]
    assert [t.get("chromosome") for t in tags] == [None, "a6144"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_beams": 0}, "the launchpad's options: --num_beams: "),
        ({"model": "/nowhere/model"}, "/nowhere/model"),
    ],
)
def test_a_mistake_in_the_launchpad_is_one_sentence_and_not_retried(tmp_path, options, sentence):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    result = lab.run(["predictions"], "moss|a6144", check=False, **options)
    assert sentence in failure(result)


def test_the_launchpad_refuses_what_is_not_among_the_choices(tmp_path):
    home = make_home(tmp_path)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    with pytest.raises(dg.DagsterInvalidConfigError, match="not in enum type Precision got fp8"):
        lab.run(["predictions"], "moss|a6144", precision="fp8")


def test_definitions_are_described_and_ordered(tmp_path):
    home = make_home(tmp_path)
    graph = Lab(home).definitions.resolve_asset_graph()
    parents = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert parents == {
        "assembly": set(),
        "sorted_gff": {"assembly"},
        "region_db": {"assembly", "sorted_gff"},
        "predictions": {"region_db"},
        "merged_gff3": {"region_db", "predictions"},
        "reject_report": {"region_db", "predictions"},
        "input_scores": {"region_db"},
        "score_table": {"region_db", "input_scores"},
        "overview": {"merged_gff3"},
    }
    for key in graph.get_all_asset_keys():
        asset = graph.get(key)
        assert asset.description
        assert asset.kinds
        assert asset.group_name == "annotation"
        assert asset.owners
        assert asset.code_version or key.to_user_string() == "assembly"
