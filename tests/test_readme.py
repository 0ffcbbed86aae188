import re
import shutil
import tomllib
from pathlib import Path

import pytest

from transgenic_dagster import errors
from transgenic_dagster.cli.annotate_parser import EXIT_CODES
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.reject_reason import RejectReason

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/design.md",
    "docs/deployment.md",
    "docs/galaxy-tutorial.md",
    "galaxy_tool/README.md",
)
DESIGN_HEADINGS = (
    "Windows",
    "Gene sentence",
    "Network",
    "Checkpoint forms",
    "Beam search",
    "Floors",
    "Life of a run",
    "Units and batches",
    "Refinement",
    "Grammar-constrained decoding",
    "Selection of genes",
    "Files",
)
"""Headings that docstrings refer to."""


def code_block(language, containing):
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (block,) = (block for block in blocks if containing in block)
    return block


def headings(page):
    return re.findall(r"^#+ (.*)$", (REPOSITORY / page).read_text(), re.MULTILINE)


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_readme_names_every_option():
    for name in AnnotateOptions.model_fields:
        if name not in {"fasta_file", "gff_file"}:
            assert f"`--{name}" in README or f", `--{name}" in README, name


def test_readme_and_help_name_every_exit_code():
    codes = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    for code in codes | {0, 129, 130, 141, 143}:
        assert f"{code}" in EXIT_CODES
        assert f"| {code}" in README or f", {code}" in README


def test_the_readme_explains_every_reject_reason():
    wanted = [f"| `{reason}` | {reason.explanation} |" for reason in RejectReason]
    table = README.partition("| reason | meaning |\n| --- | --- |\n")[2].partition("\n\n")[0]
    assert table.splitlines() == wanted, "README.md needs this table:\n" + "\n".join(wanted)


def test_the_readmes_python_block_runs(tmp_path, monkeypatch, capsys):
    test_data = REPOSITORY / "galaxy_tool" / "test-data"
    (tmp_path / "demo_out").mkdir()
    shutil.copy(test_data / "scaffolds.fa", tmp_path / "demo_out" / "genome.fa")
    shutil.copy(test_data / "scaffolds.gtf", tmp_path / "demo_out" / "genes.gff3")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code_block("python", "Annotator.load"), names)
    assert [gene.gm_id for gene in names["genes"]] == list(dict.fromkeys(names["table"].gene))
    assert len(names["genes"]) == 5
    assert [(gene.start, gene.end) for gene in names["some"]] == [(421, 1508)]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", (REPOSITORY / page).read_text()):
        path, _, fragment = target.partition("#")
        if ":" not in path:
            found = (REPOSITORY / page).parent / path if path else REPOSITORY / page
            assert found.exists(), target
            assert not fragment or fragment in map(anchor, headings(found)), target


@pytest.mark.parametrize("page", PAGES)
def test_files_of_the_repository_that_are_named_exist(page):
    roots = "transgenic_dagster|galaxy_tool|requirements|benchmarks|tests|docs"
    text = (REPOSITORY / page).read_text()
    for path in re.findall(rf"(?<![\w/.])(?:{roots})/[\w./-]*\w", text):
        assert (REPOSITORY / path).exists(), path
    for module in re.findall(r"python -m ((?:tests|benchmarks)[\w.]*)", text):
        path = REPOSITORY / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), module


def test_the_design_has_the_headings_that_docstrings_refer_to():
    assert set(DESIGN_HEADINGS) < set(headings("docs/design.md"))


def test_the_design_says_what_is_on_every_floor():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    (contract,) = project["tool"]["importlinter"]["contracts"]
    modules = [name for layer in contract["layers"] for name in re.findall(r"\w+", layer)]
    design = (REPOSITORY / "docs" / "design.md").read_text()
    floors = design.partition("## Floors")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)(?:/|\.py)`", floors.partition("Two imports")[0])
    assert sorted(named) == sorted(modules)
