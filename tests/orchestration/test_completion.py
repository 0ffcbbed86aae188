"""A lab's assembly whose annotation is completed."""

import re

import pytest

from tests.lab.homes import make_home
from tests.orchestration.labs import AFTER, BEFORE, Lab, failure, messages
from tests.orchestration.step_in_a_process import kill_at_work
from tests.orchestration.test_assets import CHECKS
from tests.report.page_reader import Page
from tests.run.judging import complete
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.lab.quality import check_quality


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Genome, and annotation of the first isoforms of some genes of two pieces."""
    demo = write_assembly(tmp_path_factory.mktemp("demo"))
    rows = demo.genes_gff3.read_text().splitlines(keepends=True)
    few = [*(r for r in rows if r.startswith("Chr2")), *(r for r in rows if r[0] == "s")]
    genes = demo.genes_gff3.with_name("few.gff3")
    genes.write_text("##gff-version 3\n" + "".join([*few[:110], *few[-70:]]))
    return demo.genome_fasta, genes


def put(home, name, inputs):
    folder = home.assembly(name).path
    folder.mkdir()
    for path, stored in zip(inputs, ("genome.fa", "genes.gff3"), strict=True):
        (folder / stored).symlink_to(path)


@pytest.fixture(scope="module")
def completed(inputs, tmp_path_factory):
    """A lab with an assembly that was completed, and what its last run gave."""
    folder = tmp_path_factory.mktemp("labs")
    home = make_home(folder, model="demo", max_length=2048, batch_size=2, complete=True)
    put(home, "fern", inputs)
    lab = Lab(home)
    return lab, lab.annotate("fern")


def results(home, name):
    paths = home.results(name)
    files = (paths.gff3, paths.rejects, paths.gsf, paths.proteins, paths.refinements)
    return [path.read_bytes() for path in files]


def shown(result):
    return {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }


def test_the_files_are_byte_for_byte_those_of_the_command_line(completed, inputs, tmp_path):
    lab, result = completed
    names = ("out.gff3", "out.gff3.rejects.txt", "gsf.tsv", "proteins.fa", "moves.tsv")
    options = ("gsf_output", "proteins", "refinements")
    files = {o: tmp_path / name for o, name in zip(options, names[2:], strict=True)}
    accounting = complete(*inputs, tmp_path, model="demo", batch_size=2, **files)
    assert results(lab.home, "fern") == [(tmp_path / name).read_bytes() for name in names]
    assert accounting.isoforms_gained > 3
    page = shown(result)["merged_gff3"]
    assert page["isoforms_gained"].value == page["transcripts"].value == accounting.isoforms_gained
    assert page["annotated"].value == accounting.annotated


def test_it_is_done_piece_by_piece_and_checked(completed):
    lab, result = completed
    assert len(lab.piece_keys("fern")) > 1
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks.keys() == CHECKS
    assert all(check.passed for check in checks.values()), checks
    assert "could be continued by the model" in checks["gene_count_is_plausible"].description
    assert "report" in shown(result)["merged_gff3"]
    gained = shown(result)["merged_gff3"]["isoforms_gained"].value
    assert Page(lab.home.report("fern")).rows("gained")["all"][1] == str(gained)


def test_a_piece_whose_process_was_killed_goes_on_and_ends_with_the_same_bytes(completed, inputs):
    lab, _ = completed
    put(lab.home, "moss", inputs)
    lab.run(BEFORE, "moss")
    first, *others = lab.piece_keys("moss")
    journal = lab.home.run("moss").journal(first.partition("|")[2])
    kill_at_work(lab.home, "predictions", first, journal)
    result = lab.run(["predictions"], first)
    assert any(text.startswith("done already of ") for text in messages(result, lab.instance))
    for key in others:
        lab.run(["predictions"], key)
    assert lab.run(AFTER, "moss").success
    assert results(lab.home, "moss") == results(lab.home, "fern")


@pytest.mark.parametrize(
    ("pattern", "replacement", "check", "fault"),
    [
        (r"\tmRNA\t(\d+)", r"\tmRNA\t9\1", "accounting_adds_up", "is not the input's"),
        (r"\n[^#\n]*\tmRNA\t.*", "", "accounting_adds_up", "is not the input's"),
        (
            r"isoforms_gained=\d+",
            "isoforms_gained=9",
            "accounting_adds_up",
            "new isoforms, but says 9",
        ),
        (r"(?s)\n[^\n]*\tgene\t[^#]*\Z", "\n", "accounting_adds_up", "missing or has changed"),
        (r"(\ttransgenic\tCDS\t.*\t)[012](\t)", r"\1.\2", "gff3_is_valid", "its phase is '.'"),
        (r"inframe_stops=0", "inframe_stops=1", "no_stops_in_frame", "have a stop in frame"),
    ],
)
def test_what_is_wrong_in_the_files_is_seen(completed, pattern, replacement, check, fault):
    lab, _ = completed
    gff3 = lab.home.results("fern").gff3
    kept = gff3.read_text()
    try:
        count = 0 if "stops" in pattern else 1
        gff3.write_text(re.sub(pattern, replacement, kept, count=count))
        assert gff3.read_text() != kept
        found = {one.check.name: one for one in check_quality(lab.home, "fern")}
    finally:
        gff3.write_text(kept)
    assert not found[check].passed
    assert fault in found[check].text
    assert found["gene_count_is_plausible"].passed


def test_sentences_are_not_merged_as_what_they_are_not(completed):
    lab, _ = completed
    before = results(lab.home, "fern")
    refused = failure(lab.run(AFTER, "fern", check=False, complete=False))
    assert "Predictions were made to complete the input, but results are not to" in refused
    assert results(lab.home, "fern") == before


def test_what_it_excludes_is_one_sentence(completed):
    lab, _ = completed
    refused = failure(lab.run(AFTER, "fern", check=False, longest_isoform=True))
    assert "--complete keeps all transcripts of the input, so it excludes" in refused
