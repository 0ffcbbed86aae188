"""Files of runs that were exchanged, damaged or lost: never other results, never a lost journal."""

import json
import shutil
from pathlib import Path

import pytest

from tests.assemblies import golden_chromosome, golden_contigs
from tests.run.test_annotate import interrupt, results, run
from transgenic_dagster.errors import InputError, ResumableError, TransgenicError, UsageError
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.run import annotate as run_module
from transgenic_dagster.run import stages

OPTIONS = {"batch_size": 2, "max_length": 6}


def flip(path: Path, position: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) * 9 // 10 if position is None else position] ^= 4
    path.write_bytes(data)


def folders(tmp_path: Path, *names: str) -> list[Path]:
    made = [tmp_path / name for name in names]
    for folder in made:
        folder.mkdir()
    return made


def begin(assembly, folder: Path, **options) -> None:
    interrupt(assembly, folder, 3, gsf_output=folder / "gsf.tsv", **OPTIONS | options)


def go_on(assembly, folder: Path, **options) -> None:
    options = OPTIONS | {"gsf_output": folder / "gsf.tsv", "resume": True} | options
    run(assembly, folder, **options)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return an assembly and the folder of its complete run."""
    root = tmp_path_factory.mktemp("complete")
    assembly = golden_chromosome(root)
    (folder,) = folders(root, "whole")
    run(assembly, folder, gsf_output=folder / "gsf.tsv", **OPTIONS)
    return assembly, folder


@pytest.fixture
def whole(complete, tmp_path):
    """Return an assembly and the results of its run, which are in the folder ``whole``."""
    assembly, folder = complete
    shutil.copytree(folder, tmp_path / "whole")
    return assembly, results(folder)


@pytest.mark.parametrize("name", ["regions.duckdb", "sorted.gff3", "journal/PIECE.jsonl", "STATE"])
def test_files_of_a_run_with_another_model_are_never_mixed_in(tmp_path, whole, name):
    assembly, expected = whole
    ours, other = folders(tmp_path, "ours", "other")
    begin(assembly, ours)
    begin(assembly, other, num_beams=3, feature_types="gene,pseudogene")
    piece = next((ours / "out.gff3.work" / "journal").glob("*.jsonl")).stem
    name = name.replace("STATE", "journal/PIECE.json").replace("PIECE", piece)
    journal = ours / "out.gff3.work" / "journal" / f"{piece}.jsonl"
    shutil.copy(other / "out.gff3.work" / name, ours / "out.gff3.work" / name)
    before = journal.read_bytes()
    if "journal" in name:
        with pytest.raises(UsageError, match="not the run that was interrupted") as refused:
            go_on(assembly, ours)
        assert "\n" not in str(refused.value)
        assert journal.read_bytes() == before
    else:  # they are made again
        go_on(assembly, ours)
        assert results(ours) == expected


def test_exchanged_journals_of_two_pieces_are_refused(tmp_path):
    assembly = golden_contigs(tmp_path)
    with pytest.raises(InterruptedError):
        run(assembly, tmp_path, batch_size=1, max_length=6, **after_units(4))
    one, other = sorted((tmp_path / "out.gff3.work" / "journal").glob("*.jsonl"))[:2]
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    with pytest.raises(UsageError, match="is the journal of another run"):
        run(assembly, tmp_path, batch_size=1, max_length=6, resume=True)


def after_units(count):
    """Options of no effect; the engine is interrupted after so many units."""
    predict, units = Engine.predict, []

    def predict_some(*arguments, **options):
        if len(units) == count:
            Engine.predict = predict
            raise InterruptedError
        units.append(1)
        return predict(*arguments, **options)

    Engine.predict = predict_some
    return {}


def damage_by_removal(path: Path) -> None:
    path.unlink()


def damage_by_emptying(path: Path) -> None:
    path.write_bytes(b"")


def damage_by_cutting(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_by_garbage(path: Path) -> None:
    path.write_bytes(b"\xff garbage" * 500)


DAMAGES = [damage_by_removal, damage_by_emptying, damage_by_cutting, damage_by_garbage, flip]
LOST = ["out.gff3.ckpt.json", "regions.duckdb", "regions.json", "sorted.gff3", "sorted.json"]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*LOST, "STATE"])
def test_what_can_be_made_again_is_and_the_journal_is_kept(tmp_path, whole, name, damage):
    assembly, expected = whole
    (folder,) = folders(tmp_path, "run")
    begin(assembly, folder)
    journal = next((folder / "out.gff3.work" / "journal").glob("*.jsonl"))
    before = journal.read_bytes()
    damaged = folder / name if "ckpt" in name else folder / "out.gff3.work" / name
    damage(journal.with_suffix(".json") if name == "STATE" else damaged)
    with pytest.raises(UsageError, match="An unfinished run is kept"):
        run(assembly, folder, gsf_output=folder / "gsf.tsv", **OPTIONS)
    assert journal.read_bytes() == before

    predicted = []
    predict = Engine.predict

    def count(self, regions, *arguments, **options):
        predicted.extend(regions)
        return predict(self, regions, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "predict", count)
        go_on(assembly, folder)
    assert len(predicted) == 5  # of nine; four were journaled
    assert results(folder) == expected


def test_a_flipped_bit_in_a_journal_costs_its_line_alone(tmp_path, whole, caplog):
    assembly, expected = whole
    (folder,) = folders(tmp_path, "run")
    begin(assembly, folder)
    journal = next((folder / "out.gff3.work" / "journal").glob("*.jsonl"))
    flip(journal, 50)
    go_on(assembly, folder)
    assert "is damaged; its regions are predicted again" in caplog.text
    assert results(folder) == expected


def test_a_file_at_checkpoint_path_that_is_not_ours_is_not_overwritten(tmp_path):
    assembly = golden_contigs(tmp_path)
    notes = tmp_path / "notes.txt"
    notes.write_text("what I wanted to remember")
    for more in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(UsageError, match=r"notes\.txt is not the summary of a run"):
            run(assembly, tmp_path, checkpoint_path=notes, max_length=6, **more)
    assert notes.read_text() == "what I wanted to remember"


def test_two_checkpoint_paths_that_share_an_output_do_not_mix_models(tmp_path, whole):
    assembly, expected = whole
    (folder,) = folders(tmp_path, "run")
    a, b = folder / "a.json", folder / "b.json"
    begin(assembly, folder, checkpoint_path=a)
    with pytest.raises(UsageError, match="num_beams was 2, is 3"):
        go_on(assembly, folder, checkpoint_path=b, num_beams=3)
    go_on(assembly, folder, checkpoint_path=a)
    assert results(folder) == expected

    third = OPTIONS | {"num_beams": 3, "gsf_output": folder / "gsf.tsv"}
    run(assembly, folder, checkpoint_path=b, **third)
    other = results(folder)
    assert other != expected
    with pytest.raises(UsageError, match=r"out\.gff3 was written by another run since.*num_beams"):
        go_on(assembly, folder, checkpoint_path=a)
    assert results(folder) == other


def test_the_summary_of_another_output_is_refused(tmp_path):
    assembly = golden_contigs(tmp_path)
    summary = tmp_path / "summary.json"
    run(assembly, tmp_path, checkpoint_path=summary, max_length=6)
    with pytest.raises(UsageError, match=r"is the summary of the run that writes out\.gff3"):
        run(assembly, tmp_path, output=tmp_path / "b.gff3", checkpoint_path=summary, resume=True)


@pytest.mark.parametrize("name", ["out.gff3", "out.gff3.rejects.txt", "gsf.tsv"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_output_of_a_complete_run_is_made_again(tmp_path, whole, caplog, name, damage):
    assembly, expected = whole
    caplog.set_level("INFO")
    damage(tmp_path / "whole" / name)
    go_on(assembly, tmp_path / "whole")
    assert results(tmp_path / "whole") == expected
    assert f"{name} is {'missing' if damage is damage_by_removal else 'not as'}" in caplog.text
    assert "starting afresh" in caplog.text
    caplog.clear()
    go_on(assembly, tmp_path / "whole")
    assert "the run is complete already" in caplog.text


def test_a_damaged_output_is_made_again_from_the_journal_where_that_is_left(
    tmp_path, whole, caplog, monkeypatch
):
    assembly, expected = whole
    caplog.set_level("INFO")
    (folder,) = folders(tmp_path, "run")
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_clean_up", lambda *_: None)
        run(assembly, folder, gsf_output=folder / "gsf.tsv", **OPTIONS)
    flip(folder / "out.gff3.rejects.txt")
    monkeypatch.setattr(Engine, "predict", None)
    go_on(assembly, folder)
    assert "making it again from the journal" in caplog.text
    assert results(folder) == expected


def test_digests_of_the_final_files_are_in_the_summary(tmp_path, whole):
    summary = json.loads((tmp_path / "whole" / "out.gff3.ckpt.json").read_text())
    assert set(summary["files"]) == {"gff3", "rejects", "gsf"}


def changing(monkeypatch, module, name, change):
    """Change a file when a stage begins to read it."""
    stage = getattr(module, name)

    def changed(*arguments, **options):
        change()
        return stage(*arguments, **options)

    monkeypatch.setattr(module, name, changed)


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes().replace(b"A", b"C"))
    copy.replace(path)


def overwrite_in_place(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 9)
        file.write(b"C")


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


CHANGES = [replace, overwrite_in_place, cut_short]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("file", "reader"), [("genome.fa", "open_genome"), ("genes.gff3", "sort_annotation")]
)
def test_an_input_that_changes_while_it_is_read_is_an_error(
    tmp_path, monkeypatch, change, file, reader
):
    assembly = golden_chromosome(tmp_path)
    changing(monkeypatch, stages, reader, lambda: change(tmp_path / file))
    with pytest.raises(InputError, match=rf"{file} changed while it was read"):
        run(assembly, tmp_path, **OPTIONS)
    assert not (tmp_path / "out.gff3").exists()
    monkeypatch.undo()
    if change is not cut_short:  # what is there now is another run, from its beginning
        run(assembly, tmp_path, resume=True, gsf_output=tmp_path / "gsf.tsv", **OPTIONS)
        (fresh,) = folders(tmp_path, "fresh")
        run(assembly, fresh, gsf_output=fresh / "gsf.tsv", **OPTIONS)
        assert results(fresh) == results(tmp_path)


@pytest.mark.parametrize("devices", ["cpu", "cpu,cpu"])
def test_weights_that_change_before_they_are_loaded_are_an_error(tmp_path, monkeypatch, devices):
    assembly = golden_chromosome(tmp_path)
    model = shutil.copytree(run_options_model(), tmp_path / "model")
    weights = next(path for path in model.iterdir() if path.suffix != ".json")
    changing(monkeypatch, run_module, "make_region_db", lambda: flip(weights, -5))
    with pytest.raises(InputError, match=r"changed while it was read"):
        run(assembly, tmp_path, model=str(model), device=devices, **OPTIONS)
    assert not (tmp_path / "out.gff3").exists()


def test_weights_that_change_after_they_are_loaded_change_nothing(tmp_path, whole, monkeypatch):
    assembly, expected = whole
    model = shutil.copytree(run_options_model(), tmp_path / "model")
    weights = next(path for path in model.iterdir() if path.suffix != ".json")
    load = Engine.load

    def load_and_change(*arguments, **options):
        engine = load(*arguments, **options)
        data = weights.read_bytes()
        with weights.open("r+b") as file:
            file.seek(len(data) // 4)
            file.write(bytes(len(data) // 2))
        return engine

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "load", load_and_change)
        with pytest.raises(TransgenicError, match="changed while it was read"):
            run(assembly, tmp_path, model=str(model), **OPTIONS)
    assert expected


def run_options_model() -> Path:
    from tests import golden

    return golden.TINY_CHECKPOINT


def test_a_database_that_is_damaged_while_it_is_read_is_one_sentence_and_made_again(
    tmp_path, whole, monkeypatch
):
    assembly, expected = whole
    (folder,) = folders(tmp_path, "run")
    database = folder / "out.gff3.work" / "regions.duckdb"
    load = Engine.load

    def load_and_damage(*arguments, **options):
        damage_by_garbage(database)
        return load(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "load", load_and_damage)
        with pytest.raises(ResumableError, match="has to be made again") as failed:
            run(assembly, folder, gsf_output=folder / "gsf.tsv", **OPTIONS)
    assert "\n" not in str(failed.value)
    go_on(assembly, folder)
    assert results(folder) == expected
