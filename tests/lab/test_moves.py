"""Assemblies that are removed or renamed: nothing is lost, nothing is predicted again."""

import json
import shutil
from dataclasses import replace

import pytest

from tests.assemblies import golden_contigs
from tests.lab.homes import make_home
from transgenic_dagster.errors import UsageError
from transgenic_dagster.lab.moves import remove_assembly, renamed_assembly
from transgenic_dagster.lab.options import assembly_options
from transgenic_dagster.lab.workspace import MADE_BY
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import run_description
from transgenic_dagster.run.predict import predict_pieces
from transgenic_dagster.run.record import absolute_options
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import make_region_db, make_sorted_gff
from transgenic_dagster.run.state import read_run_summary


def annotate(home, name):
    """Do what the five assets do; returns how many regions had been predicted before."""
    folder, options = home.run(name), assembly_options(home, home.assembly(name))
    folder.mark(MADE_BY, run_description(options))
    make_sorted_gff(folder, options)
    make_region_db(folder, options, 12_288)
    done_before = predict_pieces(folder, None, options, SilentProgress()).done_before
    merge_pieces(folder, options)
    return done_before


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("lab"))
    home.assembly("moss").path.mkdir()
    golden_contigs(home.assembly("moss").path)
    assert annotate(home, "moss") == 0
    return home


@pytest.fixture
def home(annotated, tmp_path):

    copy = make_home(tmp_path)
    shutil.copytree(annotated.root, copy.root, dirs_exist_ok=True)
    options = assembly_options(copy, copy.assembly("moss"))
    copy.run("moss").mark(MADE_BY, run_description(options))
    summary = read_run_summary(options.run_state_file)
    record = {**summary.record, "options": absolute_options(options)}
    replace(summary, record=record).write(options.run_state_file)
    return copy


def files(folder):
    paths = (path for path in folder.rglob("*") if path.is_file() and "lock" not in path.name)
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def test_what_is_removed_is_in_the_trash_whole(home):
    inputs, run = files(home.assembly("moss").path), files(home.run("moss").root)
    trash = remove_assembly(home, "moss")
    assert trash.parent == home.root / ".trash"
    assert not home.assembly("moss").path.exists()
    assert not home.run("moss").root.exists()
    assert files(trash / "assembly") == inputs
    assert run.items() <= files(trash / "run").items()


def test_a_name_can_be_removed_again_and_again(home):
    for _ in range(2):
        home.assembly("fern").path.mkdir()
        remove_assembly(home, "fern")
    assert len(list((home.root / ".trash").iterdir())) == 2


def test_results_whose_assembly_is_gone_can_be_removed(home):
    home.assembly("moss").path.rename(home.root / "elsewhere")
    assert (remove_assembly(home, "moss") / "run" / "annotation.gff3").exists()


def test_a_renamed_assembly_predicts_nothing_again(home):
    before = files(home.run("moss").root)
    with renamed_assembly(home, "moss", "Physcomitrium"):
        assert not home.assembly("Physcomitrium").path.exists()
        assert home.results("Physcomitrium").gff3.exists()
    assert [folder.name for folder in home.assembly_folders()] == ["Physcomitrium"]
    assert not home.run("moss").root.exists()
    assert annotate(home, "Physcomitrium") == 6
    after = files(home.run("Physcomitrium").root)
    changed = {str(path) for path in before if before[path] != after[path]}
    assert changed == {"run.json", "annotation.gff3.ckpt.json", "times.jsonl"}


def test_files_of_a_renamed_run_name_no_path_of_before(home):
    with renamed_assembly(home, "moss", "fern"):
        pass
    folder = home.run("fern")
    for text in (
        folder.marker.read_text(),
        (folder.root / "annotation.gff3.ckpt.json").read_text(),
    ):
        assert "/moss" not in text
        assert "/fern" in text
    options = json.loads(folder.marker.read_text())["options"]
    assert options["fasta_file"] == str(home.assembly("fern").genome)


def test_a_rename_that_fails_leaves_the_old_name(home):
    before = files(home.root)
    with pytest.raises(RuntimeError), renamed_assembly(home, "moss", "fern"):
        raise RuntimeError("no")
    assert files(home.root).keys() == before.keys()
    assert annotate(home, "moss") == 6


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("fern", "moss", "has no assembly fern; it has moss."),
        ("moss", "moss", "exists already; choose another name."),
        ("moss", "taken", "exists already; choose another name."),
        ("moss", "bad name", "cannot be the name of an assembly"),
    ],
)
def test_names_that_cannot_be_used_change_nothing(home, old, new, sentence):
    home.run("taken").root.mkdir()
    before = files(home.root)
    with pytest.raises(UsageError, match=sentence), renamed_assembly(home, old, new):
        pass
    assert files(home.root) == before
    with pytest.raises(UsageError, match="has no assembly fern"):
        remove_assembly(home, "fern")


def test_an_assembly_that_is_being_annotated_stays(home):
    piece = next(home.run("moss").journal_folder.glob("*.json")).stem
    with home.run("moss").predicting(piece):
        with pytest.raises(UsageError, match="moss is being annotated"):
            remove_assembly(home, "moss")
        busy = pytest.raises(UsageError, match="moss is being annotated")
        with busy, renamed_assembly(home, "moss", "fern"):
            pass
    assert home.assembly("moss").genome.exists()
