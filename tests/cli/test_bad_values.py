"""Bad values of every option through the program: one line, in words of the field."""

import sys

import pytest

from transgenic_dagster.cli import annotate
from transgenic_dagster.options import AnnotateOptions

BAD = ["", "-1", "1.5", "x" * 300, "nul\0", "1e3", "é", "[]", ","]
INPUTS = ("fasta_file", "gff_file")
TAKE_A_VALUE = [
    name
    for name, field in AnnotateOptions.model_fields.items()
    if name not in INPUTS and field.annotation is not bool
]


def message(monkeypatch, capsys, tmp_path, *arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["transgenic-annotate", *arguments])
    try:
        exit_code = annotate.main()
    except SystemExit as error:  # argparse
        exit_code = error.code
    error = capsys.readouterr().err.splitlines()[-1]
    assert exit_code in {2, 3}
    assert ": error: " in error or error.startswith("Error: "), error
    for strange in ("PosixPath", "pydantic", "For further information", "Input should", "\\n"):
        assert strange not in error
    return error


@pytest.mark.parametrize("name", TAKE_A_VALUE)
@pytest.mark.parametrize("value", BAD)
def test_a_bad_value_is_one_sentence(monkeypatch, capsys, tmp_path, name, value):
    (tmp_path / "g.fa").write_text(">a\nACGT\n")
    (tmp_path / "g.gff3").write_text("a\t.\tgene\t1\t4\t.\t+\t.\tID=g\n")
    arguments = ("g.fa", "g.gff3", "--model", "./absent", f"--{name}={value}")
    message(monkeypatch, capsys, tmp_path, *arguments)


@pytest.mark.parametrize("value", [*BAD, ".", "absent"])
@pytest.mark.parametrize("position", [0, 1])
def test_a_bad_input_is_one_sentence(monkeypatch, capsys, tmp_path, position, value):
    (tmp_path / "g.fa").write_text(">a\nACGT\n")
    arguments = ["g.fa", "g.fa"]
    arguments[position] = value
    message(monkeypatch, capsys, tmp_path, "--model", "./absent", "--", *arguments)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--batch_size=x", "--batch_size: a whole number, 1 or more, or auto (got 'x')."),
        ("--num_workers=-1", "--num_workers: a whole number, 0 or more (got '-1')."),
        ("--feature_types=,", "--feature_types: row types, separated by commas (got ',')."),
        ("--time_limit=0", "--time_limit: a duration is 1 second or more (got '0')."),
    ],
)
def test_the_sentence_says_what_the_option_takes(monkeypatch, capsys, tmp_path, option, expected):
    assert message(monkeypatch, capsys, tmp_path, "a", "b", option) == f"Error: {expected}"
