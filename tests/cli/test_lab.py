"""The program ``transgenic-dagster``."""

import gzip
import subprocess
import sys

import pytest

from tests.assemblies import golden_contigs
from transgenic_dagster.cli.lab import main
from transgenic_dagster.lab.options import home_options
from transgenic_dagster.lab.workspace import Home
from transgenic_dagster.options import DEFAULT_MODEL


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.delenv("TRANSGENIC_HOME", raising=False)
    main(["init", str(tmp_path / "lab")])
    monkeypatch.chdir(tmp_path / "lab")
    return Home(tmp_path / "lab")


def test_init_writes_a_home_with_the_demo_assembly(lab, capsys):
    assert sorted(path.name for path in lab.root.iterdir()) == [
        ".env",
        "annotation_lab",
        "assemblies",
        "dagster.yaml",
        "options.yaml",
        "pyproject.toml",
        "workspace.yaml",
    ]
    names = sorted(path.name for path in lab.assembly("demo").path.iterdir())
    assert names == ["genes.gff3", "genome.fa", "options.yaml"]
    assert main(["init", str(lab.root.parent / "my lab")]) == 0
    assert "cd '" in capsys.readouterr().out


def test_init_names_a_model_for_all_assemblies(tmp_path):
    home = Home(tmp_path / "lab")
    assert main(["init", str(home.root), "--model", "/models/400M: new"]) == 0
    assert home_options(home).model == "/models/400M: new"
    main(["init", str(tmp_path / "other")])
    assert home_options(Home(tmp_path / "other")).model == DEFAULT_MODEL


def test_init_refuses_a_folder_with_something_in_it(lab, capsys):
    assert main(["init", str(lab.root)]) == 2
    assert capsys.readouterr().err == f"Error: {lab.root} is not empty; name a new folder.\n"


@pytest.mark.parametrize("copy", [False, True])
def test_add_links_or_copies_an_assembly(lab, tmp_path, copy):
    assembly = golden_contigs(tmp_path)
    packed = tmp_path / "Moss.v2.fasta.gz"
    packed.write_bytes(gzip.compress(assembly.fasta.read_bytes()))
    bed = tmp_path / "genes.bed"
    bed.write_text("a6144\t10\t500\tg1\n")
    arguments = ["add", "moss", str(packed), str(bed)] + ["--copy"] * copy
    assert main(arguments) == 0
    folder = lab.assembly("moss")
    assert folder.genome.name == "genome.fasta.gz"
    assert folder.genes.name == "genes.bed"
    assert folder.genome.is_symlink() != copy
    assert folder.genome.read_bytes() == packed.read_bytes()
    assert [path.name for path in lab.assemblies.iterdir() if path.name.startswith(".")] == []


def test_what_cannot_be_added_is_one_sentence_and_leaves_nothing(lab, tmp_path, capsys):
    assembly = golden_contigs(tmp_path)
    fasta, genes = str(assembly.fasta), str(assembly.gff)
    (tmp_path / "empty.fa").write_text("")
    for arguments, sentence in (
        (["demo", fasta, genes], "An assembly demo exists already"),
        (["bad name", fasta, genes], "'bad name' cannot be the name of an assembly"),
        (["../up", fasta, genes], "'../up' cannot be the name of an assembly"),
        (["moss", "nowhere.fa", genes], "nowhere.fa does not exist"),
        (["moss", fasta, "nowhere.gff3"], "nowhere.gff3 does not exist"),
        (["moss", genes, fasta], f"{genes} is not a FASTA file"),
        (["moss", str(tmp_path / "empty.fa"), genes], f"{tmp_path}/empty.fa is empty"),
        (["moss", fasta, genes, "--home", str(tmp_path / "x")], "is not a home of assemblies"),
    ):
        assert main(["add", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.startswith("Error: ")
        assert error.count("\n") == 1
        assert sentence in error
    assert [path.name for path in lab.assemblies.iterdir()] == ["demo"]


def test_the_command_line_does_not_wait_for_dagster():
    code = (
        "import sys; from transgenic_dagster.cli.lab import main; "
        "import transgenic_dagster.cli.annotate; "
        "print({'dagster', 'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.fixture
def home_of_dagster(lab, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(lab.root))
    return lab


def test_remove_keeps_everything_unless_it_is_told_twice(home_of_dagster, capsys):
    lab = home_of_dagster
    assert main(["remove", "demo", "--delete"]) == 2
    assert "repeat it with --yes" in capsys.readouterr().err
    assert lab.assembly("demo").genome.exists()
    assert main(["remove", "demo"]) == 0
    (trash,) = (lab.root / ".trash").iterdir()
    assert (trash / "assembly" / "genome.fa").exists()
    assert capsys.readouterr().out.startswith(f"demo is now in {trash}; ")
    (trash / "assembly").rename(lab.assembly("demo").path)
    assert main(["remove", "demo", "--delete", "--yes"]) == 0
    assert lab.assembly_folders() == []
    assert [path.name for path in (lab.root / ".trash").iterdir()] == [trash.name]


def test_rename_needs_a_free_name_and_a_dagster(home_of_dagster, capsys, monkeypatch):
    lab = home_of_dagster
    assert main(["rename", "demo", "first"]) == 0
    assert capsys.readouterr().out.startswith("demo is first now")
    assert [folder.name for folder in lab.assembly_folders()] == ["first"]
    for names, sentence in (
        (["demo", "other"], "has no assembly demo; it has first."),
        (["first", "bad name"], "cannot be the name of an assembly"),
    ):
        assert main(["rename", *names]) == 2
        assert sentence in capsys.readouterr().err
    (lab.root / "dagster.yaml").unlink()
    assert main(["rename", "first", "second"]) == 2
    assert "has no dagster.yaml" in capsys.readouterr().err
    assert [folder.name for folder in lab.assembly_folders()] == ["first"]


def test_migrate_says_where_there_is_nothing_to_do(lab, capsys):
    assert main(["migrate"]) == 2
    assert "there is nothing to migrate" in capsys.readouterr().err
