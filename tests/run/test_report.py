"""Reports of runs: with the run, afterwards, and refused where there is nothing to report on."""

import hashlib
from dataclasses import replace

import pytest

from tests.assemblies import golden_contigs
from tests.report.made_run import write_run
from tests.report.page_reader import Page
from tests.run.test_annotate import run
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.record import STAGES
from transgenic_dagster.run.report import make_report
from transgenic_dagster.run.state import read_run_summary


def test_a_report_with_the_run_is_that_made_afterwards(tmp_path):
    run(golden_contigs(tmp_path), tmp_path, report=tmp_path / "with.html")
    make_report(tmp_path / "out.gff3", tmp_path / "after.html")
    assert (tmp_path / "with.html").read_bytes() == (tmp_path / "after.html").read_bytes()
    page = Page(tmp_path / "with.html")
    seconds = page.rows("time")
    assert list(seconds) == [*STAGES, "all stages"]
    assert float(seconds["predictions"][0]) > 0
    assert "Hardware" in page.rows("settings")


def test_a_run_without_a_single_gene_model_has_a_report(tmp_path):
    accounting = run(golden_contigs(tmp_path), tmp_path, report=tmp_path / "report.html")
    assert accounting.annotated == 0, "the tiny checkpoint knows nothing"
    rows = Page(tmp_path / "report.html").rows("accounting")
    assert rows["all genes of the input"][0] == str(accounting.total)


def test_a_finished_run_gets_its_report_on_resume(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path)
    run(assembly, tmp_path, resume=True, report=tmp_path / "report.html")
    assert (tmp_path / "report.html").exists()


def test_a_report_on_an_input_is_refused_before_any_work(tmp_path):
    assembly = golden_contigs(tmp_path)
    with pytest.raises(UsageError, match="which the run reads"):
        run(assembly, tmp_path, report=assembly.gff)
    assert not (tmp_path / "out.gff3.work").exists()


def test_outside_measures_need_a_report():
    values = {"fasta_file": "g", "gff_file": "a", "quality": "psauron"}
    with pytest.raises(UsageError, match="--quality needs --report"):
        parse_options(values)
    with pytest.raises(UsageError, match="--quality"):
        parse_options(values | {"quality": "interpro", "report": "r.html"})
    options = parse_options(values | {"quality": "psauron,busco", "report": "r.html"})
    assert options.quality == ("psauron", "busco")


def test_files_that_moved_together_are_found(tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    report = make_report(write_run(before)).read_text()
    before.rename(after)
    assert make_report(after / "out.gff3").read_text() == report


@pytest.mark.parametrize("change", ["changed", "missing"])
def test_without_the_input_nothing_is_compared_and_the_report_says_so(tmp_path, change):
    gff3 = write_run(tmp_path)
    if change == "missing":
        (tmp_path / "genes.gff3").unlink()
    else:
        with (tmp_path / "genes.gff3").open("a") as handle:
            handle.write("# one more line\n")
    page = Page(make_report(gff3))
    assert "changes" not in page.tables
    assert page.tables["structure"][0] == ["Number of", "Predicted"]
    assert any("Nothing is compared with the input: " in text for text in page.text)
    assert page.rows("accounting")["all genes of the input"] == ["8", "100.0"]


def test_an_input_without_cds_is_not_compared(tmp_path):
    gff3 = write_run(tmp_path)
    source, state = tmp_path / "genes.gff3", tmp_path / "out.gff3.ckpt.json"
    rows = [row for row in source.read_text().splitlines() if "\tgene\t" in row]
    source.write_text("\n".join(["##gff-version 3", *rows]) + "\n")
    summary = read_run_summary(state)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    replace(summary, fingerprint=summary.fingerprint.extended({"annotation": digest})).write(state)
    page = Page(make_report(gff3))
    assert "changes" not in page.tables
    assert any("has no coding sequences" in text for text in page.text)


def test_what_is_not_a_finished_run_is_refused(tmp_path):
    gff3 = write_run(tmp_path)
    state = tmp_path / "out.gff3.ckpt.json"
    summary = read_run_summary(state)
    with pytest.raises(UsageError, match=r"genes\.gff3\.ckpt\.json does not exist"):
        make_report(tmp_path / "genes.gff3")
    with pytest.raises(UsageError, match="knows psauron, busco, omark"):
        make_report(gff3, quality=["blast"])
    with pytest.raises(UsageError, match="which the run reads"):
        make_report(gff3, gff3)
    replace(summary, status="running").write(state)
    with pytest.raises(UsageError, match="not complete; continue it with --resume"):
        make_report(gff3)
    replace(summary, record={}).write(state)
    with pytest.raises(UsageError, match="does not say how the run was done"):
        make_report(gff3)
    state.write_text(state.read_text().replace("complete", "completed"))
    with pytest.raises(UsageError, match="is damaged"):
        make_report(gff3)


def test_files_that_were_changed_after_the_run_are_refused(tmp_path):
    gff3 = write_run(tmp_path)
    rejects = tmp_path / "out.gff3.rejects.txt"
    _, *others = rejects.read_text().splitlines(keepends=True)
    rejects.write_text("".join(others))
    with pytest.raises(InputError, match="has 1 rejected genes, but the run counted 2"):
        make_report(gff3)
    rejects.unlink()
    with pytest.raises(InputError, match="is missing"):
        make_report(gff3)
