"""Files of a lab's results that options.yaml asks for."""

import shutil

import pytest
import yaml

from tests.lab.homes import make_home, set_options
from tests.orchestration.labs import AFTER, BEFORE, Lab
from tests.orchestration.test_completion import put
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.lab.arrivals import look_for_arrivals
from transgenic_dagster.lab.memory import version_of
from transgenic_dagster.lab.moves import remove_assembly, renamed_assembly
from transgenic_dagster.lab.pieces import read_pieces
from transgenic_dagster.lab.wanted_files import ON_REQUEST
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options

ALL = dict.fromkeys((*ON_REQUEST, "index"), True)
FILTERS = {"locus_prefix": "DEM", "complete_only": True, "longest_isoform": True}
NAMES = {*ON_REQUEST.values(), "annotation.sorted.gff3.gz", "annotation.sorted.gff3.gz.csi"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Genome and annotation of a few genes."""
    demo = write_assembly(tmp_path_factory.mktemp("demo"))
    rows = demo.truth_gff3.read_text().splitlines(keepends=True)
    genes = demo.truth_gff3.with_name("few.gff3")
    genes.write_text("##gff-version 3\n" + "".join(r for r in rows if r[0] == "s"))
    return demo.genome_fasta, genes


@pytest.fixture(scope="module")
def made(inputs, tmp_path_factory):
    """A lab with all files of an assembly, and what the last run gave."""
    home = make_home(tmp_path_factory.mktemp("labs"), model="demo", max_length=2048, **ALL)
    put(home, "fern", inputs)
    home.assembly("fern").options_file.write_text(yaml.safe_dump(FILTERS))
    lab = Lab(home)
    return lab, lab.annotate("fern")


@pytest.fixture
def copied(made, tmp_path):
    """A copy of the lab, whose files a test may change."""
    lab, _ = made
    home = make_home(tmp_path, model="demo", max_length=2048, **ALL)
    kept_out = shutil.ignore_patterns("instance", "options.yaml")
    shutil.copytree(lab.home.root, home.root, ignore=kept_out, symlinks=True, dirs_exist_ok=True)
    home.assembly("fern").options_file.write_text(yaml.safe_dump(FILTERS))
    return Lab(home)


def contents(path):
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return {p.name: p.read_bytes() for p in path.iterdir() if p.is_file()}
    return path.read_bytes()


def pages(result):
    return {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }


def present(home, name):
    return {path.name for path in home.run(name).root.iterdir()} & NAMES


def test_each_file_is_that_of_the_command_line_and_named_on_the_page(made, inputs, tmp_path):
    lab, result = made
    values = {"fasta_file": inputs[0], "gff_file": inputs[1], "model": "demo", "num_workers": 0}
    values |= {"output": tmp_path / "annotation.gff3", "index": True, "device": "cpu"}
    values |= {name: tmp_path / file for name, file in ON_REQUEST.items()} | FILTERS
    annotate(parse_options(values), SilentProgress())
    run = lab.home.run("fern").root
    assert present(lab.home, "fern") == NAMES
    for name in ("annotation.gff3", *sorted(NAMES - {"jbrowse"})):
        assert contents(run / name) == contents(tmp_path / name), name
    # The genome has another name there.
    ours, theirs = (contents(folder / "jbrowse") for folder in (run, tmp_path))
    assert ours.keys() == theirs.keys()
    shown = {str(value.value) for value in pages(result)["merged_gff3"].values()}
    for name in sorted(NAMES - {"annotation.sorted.gff3.gz.csi"}):
        assert str(run / name) in shown, name


def test_other_wishes_make_the_results_again_and_only_these(copied):
    lab, home = copied, copied.home
    found = look_for_arrivals(home, {}, 0, rest_seconds=0)
    before = version_of(home, "fern", found.at_rest["fern"])
    pieces = read_pieces(home.run("fern"))
    gff3 = home.results("fern").gff3.read_bytes()
    set_options(home, model="demo", max_length=2048)
    mine = home.run("fern").root / "mine.fa"
    mine.write_text("somebody's")
    assert version_of(home, "fern", found.at_rest["fern"]) != before
    lab.run(BEFORE, "fern")
    now = read_pieces(home.run("fern"))
    assert now.version == pieces.version
    assert now.results_version != pieces.results_version
    lab.run(AFTER, "fern")
    assert present(home, "fern") == set()
    assert home.report("fern").exists()
    mine.rename(mine.with_name("cds.fa"))
    lab.run(AFTER, "fern")
    assert present(home, "fern") == {"cds.fa"}
    assert home.results("fern").gff3.read_bytes() == gff3


def test_a_single_run_may_ask_for_one(copied):
    lab, home = copied, copied.home
    home.options_file.write_text(home.options_file.read_text().replace("gtf: true", "gtf: false"))
    lab.run(AFTER, "fern")
    assert present(home, "fern") == NAMES - {"annotation.gtf"}
    page = pages(lab.run(AFTER, "fern", gtf=True))["merged_gff3"]
    assert page["gtf"].value == str(home.run("fern").root / "annotation.gtf")
    assert present(home, "fern") == NAMES


def test_they_move_and_go_with_their_assembly(copied):
    lab, home = copied, copied.home
    with renamed_assembly(home, "fern", "moss"):
        pass
    assert present(home, "moss") == NAMES
    before = contents(home.run("moss").root / "jbrowse")
    lab.run(BEFORE, "moss")
    lab.run(AFTER, "moss")
    assert contents(home.run("moss").root / "jbrowse") == before
    trash = remove_assembly(home, "moss")
    assert {path.name for path in (trash / "run").iterdir()} >= NAMES


def loci(home):
    rows = [row.split("\t") for row in home.results("fern").gff3.read_text().splitlines()]
    attributes = [parse_attributes(row[8]) for row in rows if len(row) == 9 and row[2] == "gene"]
    return {a["GM"]: a["locus_tag"] for a in attributes}


def test_names_stay_when_an_earlier_annotation_is_named(copied):
    lab, home = copied, copied.home
    inputs = home.assembly("fern")
    before = loci(home)
    first = min(before, key=before.get)
    shutil.copy(home.results("fern").gff3, inputs.path / "before.gff3")
    rows = [row for row in inputs.genes.read_text().splitlines() if first not in row]
    inputs.genes.unlink()
    (inputs.path / "genes.gff3").write_text("\n".join(rows) + "\n")
    lab.annotate("fern")
    without = {name: locus for name, locus in before.items() if name != first}
    assert loci(home).keys() == without.keys()
    assert loci(home) != without
    inputs.options_file.write_text(yaml.safe_dump(FILTERS | {"names_from": "before.gff3"}))
    lab.run(AFTER, "fern")
    assert loci(home) == without


def test_what_cannot_be_finished_leaves_what_there_was(copied, monkeypatch):
    lab, home = copied, copied.home
    before = contents(home.run("fern").root / "jbrowse")

    def broken(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("transgenic_dagster.run.jbrowse.NameIndex.write", broken)
    assert not lab.run(AFTER, "fern", check=False).success
    left = contents(home.run("fern").root / "jbrowse")
    assert before.items() <= left.items()
