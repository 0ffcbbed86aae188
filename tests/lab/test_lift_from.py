"""Assemblies of a lab that have no annotation and get their genes from another one."""

import shutil

import pytest
import yaml

from tests.lab.homes import make_home, put
from transgenic_dagster.cli import lab as program
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.lab.arrivals import look_for_arrivals, problems_of, states_of
from transgenic_dagster.lab.options import assembly_options


@pytest.fixture
def home(tmp_path):
    """A home with an annotated assembly, and one that has only a genome."""
    home = make_home(tmp_path)
    put(home, "old")
    home.assembly("new").path.mkdir()
    shutil.copy(home.assembly("old").genome, home.assembly("new").path / "genome.fa")
    return home


def set_own(home, **options):
    home.assembly("new").options_file.write_text(yaml.safe_dump(options))


def test_its_genes_come_from_the_assembly_that_its_options_name(home):
    set_own(home, lift_from="old")
    old = home.assembly("old")
    options = assembly_options(home, home.assembly("new"))
    assert options.lift_from == (old.genome, old.genes)
    assert options.gff_file == home.run("new").root / "annotation.gff3.lifted.gff3"


def test_the_lab_may_name_one_for_all_that_have_no_genes(home):
    home.options_file.write_text(home.options_file.read_text() + "lift_from: old\n")
    assert assembly_options(home, home.assembly("new")).lift_from
    assert assembly_options(home, home.assembly("old")).lift_from is None


def test_without_a_source_one_sentence_says_what_to_do(home):
    with pytest.raises(InputError, match=r"has no genes.gff3 .*lift_from: NAME"):
        assembly_options(home, home.assembly("new"))
    assert "has no genes.gff3" in problems_of(home)["new"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [("moss", "is not in"), ("new", "has no annotation"), ("../x", "cannot be the name")],
)
def test_a_source_that_cannot_be_used_is_refused(home, source, problem):
    set_own(home, lift_from=source)
    with pytest.raises((InputError, UsageError), match=problem):
        assembly_options(home, home.assembly("new"))


def test_genes_of_its_own_and_of_another_exclude_each_other(home):
    set_own(home, lift_from="old")
    shutil.copy(home.assembly("old").genes, home.assembly("new").path / "genes.gff3")
    with pytest.raises(UsageError, match=r"has genes.gff3, and lift_from in options.yaml"):
        assembly_options(home, home.assembly("new"))


def test_a_run_cannot_set_it(home):
    set_own(home, lift_from="old")
    with pytest.raises(UsageError, match="lift_from is decided by the lab"):
        assembly_options(home, home.assembly("new"), {"lift_from": "old"})


def test_it_arrives_again_when_its_source_changes(home):
    set_own(home, lift_from="old")
    before = look_for_arrivals(home, {}, 0, rest_seconds=0).at_rest["new"]
    assert [row[0] for row in before] == [
        "genome.fa",
        "options.yaml",
        "old/genes.gff3",
        "old/genome.fa",
    ]
    genes = home.assembly("old").genes
    genes.write_text(genes.read_text() + "# more\n")
    assert look_for_arrivals(home, {}, 0, rest_seconds=0).at_rest["new"] != before
    assert "old/options.yaml" not in states_of(home, home.assembly("new"))


def test_the_program_adds_one_without_genes(home):
    genome = home.assembly("old").genome
    arguments = ["add", "third", str(genome), "--lift-from", "old", "--home", str(home.root)]
    assert program.main(arguments) == 0
    assert assembly_options(home, home.assembly("third")).lift_from
    assert program.main([*arguments[:1], "fourth", *arguments[2:3], *arguments[5:]]) == 2
