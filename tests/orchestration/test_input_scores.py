"""Scores of an input's own genes in a lab."""

import shutil

import dagster as dg
import pytest

from tests.lab.homes import make_home, put
from tests.orchestration.labs import BEFORE, Lab, failure, messages
from tests.orchestration.step_in_a_process import kill_at_work
from tests.run.judging import score
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.lab.moves import moved_paths, renamed_assembly
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.orchestration import assets
from transgenic_dagster.orchestration.history import retell
from transgenic_dagster.run.state import read_run_summary


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo assembly with its input's CDS."""
    return write_assembly(tmp_path_factory.mktemp("demo"))


def demo_home(folder, demo, **options):
    home = make_home(folder, model="demo", max_length=2048, batch_size="auto", **options)
    inputs = home.assembly("demo").path
    inputs.mkdir()
    shutil.copy(demo.genome_fasta, inputs / "genome.fa")
    shutil.copy(demo.truth_gff3, inputs / "genes.gff3")
    return home


@pytest.fixture(scope="module")
def scored(demo, tmp_path_factory):
    """A lab with the demo, whose genes are scored, and what the last run gave."""
    lab = Lab(demo_home(tmp_path_factory.mktemp("labs"), demo, score_input=True))
    lab.run(BEFORE, "demo")
    runs = {key: lab.run(["input_scores"], key) for key in lab.piece_keys("demo")}
    return lab, runs | {"demo": lab.run(["score_table"], "demo")}


def metadata(result):
    (event,) = result.get_asset_materialization_events()
    return event.materialization.metadata


def test_the_files_are_byte_for_byte_those_of_the_command_line(scored, demo, tmp_path):
    lab, _ = scored
    score(demo.genome_fasta, demo.truth_gff3, tmp_path / "shell")
    paths = lab.home.scores("demo")
    for path, name in (
        (paths.scores, "scores.tsv"),
        (paths.gff3, "scores.gff3"),
        (paths.rejects, "scores.tsv.rejects.txt"),
    ):
        assert path.read_bytes() == (tmp_path / "shell" / name).read_bytes()


def test_numbers_of_chromosome_and_assembly_can_be_plotted(scored):
    lab, runs = scored
    pieces = [metadata(runs[key]) for key in lab.piece_keys("demo")]
    table = metadata(runs["demo"])
    assert sum(page["genes_scored"].value for page in pieces) == 46
    assert table["genes_scored"].value == 46
    for page in (*pieces, table):
        assert -0.01 < page["mean_log_probability"].value < 0
        assert 1 < page["median_perplexity"].value < 1.01
    assert len(table["most_doubtful"].records) == 20
    assert any(
        text.startswith("Genes: 46 in all, 46 scored, 0 rejected")
        for text in messages(runs["demo"], lab.instance)
    )


def test_scores_and_predictions_of_an_assembly_have_journals_of_their_own(scored):
    lab, _ = scored
    assert not lab.home.run("demo").begun_pieces()
    key = lab.piece_keys("demo")[-1]
    lab.run(["predictions"], key)
    result = lab.run(["input_scores"], key)
    assert any(text.startswith("done already of ") for text in messages(result, lab.instance))


def test_scoring_whose_process_was_killed_goes_on_and_ends_with_the_same_bytes(
    scored, demo, tmp_path
):
    whole, _ = scored
    lab = Lab(demo_home(tmp_path, demo))
    lab.run(BEFORE, "demo")
    first, *others = lab.piece_keys("demo")
    journal = lab.home.run("demo").scoring.journal(first.partition("|")[2])
    kill_at_work(lab.home, "input_scores", first, journal)
    done = journal.read_bytes()
    result = lab.run(["input_scores"], first)
    assert journal.read_bytes().startswith(done.rpartition(b"\n")[0])
    assert any(text.startswith("done already of ") for text in messages(result, lab.instance))
    for key in others:
        lab.run(["input_scores"], key)
    lab.run(["score_table"], "demo")
    assert contents(lab.home.scores("demo")) == contents(whole.home.scores("demo"))


def contents(paths):
    return [path.read_bytes() for path in (paths.scores, paths.gff3, paths.rejects)]


def test_scores_move_with_a_renamed_assembly(demo, scored, tmp_path):
    lab, _ = scored
    home = Home(tmp_path / "home")
    shutil.copytree(lab.home.root, home.root, ignore=shutil.ignore_patterns("instance"))
    with renamed_assembly(home, "demo", "fern"):
        retell(lab.instance, "demo", "fern", moved_paths(lab.home, "demo", "fern"))
    summary = read_run_summary(home.run("fern").root / "scores.tsv.ckpt.json")
    assert summary.journal == str(home.run("fern").scoring.journal_folder)
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey("score_table"), asset_partitions=["fern"])
    (record,) = lab.instance.fetch_materializations(wanted, limit=1).records
    assert "/fern/" in record.asset_materialization.metadata["path"].value


def test_an_annotation_that_was_sorted_anew_needs_its_regions_first(tmp_path, demo):
    lab = Lab(demo_home(tmp_path, demo))
    lab.run(BEFORE, "demo")
    genes = lab.home.assembly("demo").genes
    genes.write_text(genes.read_text().replace("ID=DEMO", "ID=OTHER").replace("=DEMO", "=OTHER"))
    lab.run(["sorted_gff"], "demo")
    key = lab.piece_keys("demo")[-1]
    refused = failure(lab.run(["input_scores"], key, check=False))
    assert "sorted.gff3 is damaged or belongs to another run" in refused
    lab.home.run("demo").sorted_gff.unlink()
    refused = failure(lab.run(["input_scores"], key, check=False))
    assert "sorted.gff3 is damaged or belongs to another run" in refused


def test_an_input_without_cds_ends_at_once_with_a_sentence(tmp_path, monkeypatch):
    home = make_home(tmp_path, score_input=True)
    put(home, "moss")
    lab = Lab(home)
    lab.run(BEFORE, "moss")
    monkeypatch.setattr(assets, "leased_gpu", None)
    result = lab.run(["input_scores"], "moss|a6144")
    sentence = "moss: its annotation has no CDS, so there is nothing to score."
    assert sentence in messages(result, lab.instance)
    assert result.get_asset_materialization_events() == []
    assert sentence in failure(lab.run(["score_table"], "moss", check=False))
