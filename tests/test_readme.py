from pathlib import Path

from transgenic_dagster import errors
from transgenic_dagster.cli.annotate_parser import EXIT_CODES
from transgenic_dagster.options import AnnotateOptions

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readme_names_every_option():
    for name in AnnotateOptions.model_fields:
        if name not in {"fasta_file", "gff_file"}:
            assert f"`--{name}" in README or f", `--{name}" in README, name


def test_readme_and_help_name_every_exit_code():
    codes = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    for code in codes | {0, 130, 143}:
        assert f"{code}" in EXIT_CODES
        assert f"| {code}" in README or f", {code} |" in README
