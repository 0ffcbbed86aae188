"""The program ``transgenic-evaluate`` as users call it."""

import gc
import json
import sys

import pytest

from tests.evaluation.annotations import transcript, write
from transgenic_dagster.cli import evaluate


@pytest.fixture
def pair(tmp_path):
    reference = transcript("r", "1000-1300,1500-1700", cds="1100-1300,1500-1602")
    predicted = transcript("q", "1000-1300,1500-1800", cds="1100-1300,1500-1602")
    return write(tmp_path, "q.gff3", predicted), write(tmp_path, "r.gff3", reference)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["transgenic-evaluate", *map(str, arguments)])
    try:
        return evaluate.main()
    finally:
        gc.enable()


def test_tables_and_files_are_written(pair, tmp_path, monkeypatch, capsys):
    files = {name: tmp_path / name for name in ("json", "tsv", "changes")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    assert run(monkeypatch, *pair, *options) == 0
    shown = capsys.readouterr().out
    for title in ("Exons", "CDS", "Splicing events", "Class code", "utr_only"):
        assert title in shown
    assert json.loads(files["json"].read_text())["class_codes"]["="] == 1
    assert "\t=\tr.g\tr" in files["tsv"].read_text()
    assert (
        files["changes"].read_text().splitlines()[1].startswith("utr_only\tchr1\t1000\t1700\t+\t")
    )


def test_without_options_only_the_screen_is_written(pair, tmp_path, monkeypatch, capsys):
    before = set(tmp_path.iterdir())
    assert run(monkeypatch, *pair) == 0
    assert set(tmp_path.iterdir()) == before
    assert "utr_only" not in capsys.readouterr().out


def test_nothing_is_written_beside_the_genome(pair, tmp_path, monkeypatch, capsys):
    genome = tmp_path / "genome.fa"
    genome.write_text(">chr1\n" + "ACGT" * 500 + "\n")
    before = set(tmp_path.iterdir())
    assert run(monkeypatch, *pair, "--genome", genome) == 0
    assert set(tmp_path.iterdir()) == before
    assert "canonical introns, predicted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "absent.gff3 does not exist; check its name"),
        ("", "is empty"),
        ("c\tx\tgene\t1\t90\t.\t+\t.\tID=g\n", "has no transcripts"),
        (">c\nACGT\n", "is a FASTA file, not an annotation"),
    ],
)
def test_what_is_no_annotation_is_told_in_one_sentence(
    text, sentence, pair, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "absent.gff3"
    if text is not None:
        path.write_text(text)
    for arguments in ((path, pair[1]), (pair[0], path)):
        assert run(monkeypatch, *arguments) == 2
        shown = capsys.readouterr().err
        assert sentence in shown
        assert shown.count("Error: ") == 1
        assert "Traceback" not in shown


def test_outputs_are_checked_before_anything_is_read(pair, tmp_path, monkeypatch, capsys):
    for option, path, sentence in (
        ("--tsv", tmp_path, "is a folder; name a file to write"),
        ("--json", tmp_path / "no" / "x.json", "does not exist; create it"),
        ("--changes", pair[1], "which the run reads; choose another name"),
    ):
        assert run(monkeypatch, "absent.gff3", pair[1], option, path) == 2
        assert sentence in capsys.readouterr().err
    assert pair[1].read_text().startswith("##gff-version 3")
