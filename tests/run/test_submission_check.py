"""The check for submission: with the run, afterwards, and in its report."""

import csv
from pathlib import Path

import pytest

from tests.assemblies import golden_contigs
from tests.report.made_run import write_run
from tests.report.page_reader import Page
from tests.run.test_annotate import run
from transgenic_dagster.cli import report
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.report import make_report
from transgenic_dagster.run.submission import make_submission_check

REPOSITORY = Path(__file__).parents[2]


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def refused(path):
    return {row["problem"] for row in rows(path) if row["level"] == "refused"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A run of the demo's model on its scaffolds, without and with what avoids problems."""
    folder = tmp_path_factory.mktemp("demo")
    data = REPOSITORY / "galaxy_tool" / "test-data"
    for name in ("plain", "named"):
        more = {"locus_prefix": "DEM1"} if name == "named" else {}
        values = {
            "fasta_file": data / "scaffolds.fa",
            "gff_file": data / "scaffolds.gtf",
            "output": folder / f"{name}.gff3",
            "check_submission": folder / f"{name}.tsv",
            "report": folder / f"{name}.html",
            "model": "demo",
            "device": "cpu",
            "num_workers": 0,
            "precision": "fp32",
        }
        annotate(parse_options(values | more), SilentProgress())
    return folder


def test_the_demo_lacks_names_and_nothing_else(demo):
    assert refused(demo / "plain.tsv") == {"no_locus_tag", "no_product"}
    assert refused(demo / "named.tsv") == {"no_product"}


def test_the_report_counts_what_the_table_lists(demo):
    page = Page(demo / "plain.html")
    found = rows(demo / "plain.tsv")
    counted = page.rows("submission-problems")
    assert counted["no_locus_tag: the gene has no locus_tag"][:2] == ["5", "5"]
    lacking = sum(row["problem"] == "no_product" for row in found)
    assert counted["no_product: mRNA or CDS name no product"][0] == str(lacking)
    assert "fit for submission" in (demo / "plain.html").read_text()


def test_the_check_afterwards_is_that_with_the_run(demo, tmp_path, caplog):
    caplog.set_level("INFO")
    make_submission_check(demo / "plain.gff3", tmp_path / "after.tsv")
    assert (tmp_path / "after.tsv").read_bytes() == (demo / "plain.tsv").read_bytes()
    assert (
        "table2asn would refuse 5 of 5 genes (no_locus_tag 5, no_product 5, short_protein"
        in caplog.text
    )


def test_the_report_program_writes_the_same_table_and_page(demo, tmp_path, monkeypatch):
    table, page = tmp_path / "submission.tsv", tmp_path / "report.html"
    words = ["transgenic-report", demo / "plain.gff3", "-o", page, "--check_submission", table]
    monkeypatch.setattr("sys.argv", [str(word) for word in words])
    assert report.main() == 0
    assert table.read_bytes() == (demo / "plain.tsv").read_bytes()
    assert page.read_bytes() == (demo / "plain.html").read_bytes()


def test_an_annotation_completed_is_checked_with_the_rows_of_the_input(tmp_path):
    data = REPOSITORY / "galaxy_tool" / "test-data"
    values = {
        "fasta_file": data / "scaffolds.fa",
        "gff_file": data / "scaffolds.gtf",
        "output": tmp_path / "out.gff3",
        "check_submission": tmp_path / "submission.tsv",
        "model": "demo",
        "device": "cpu",
        "num_workers": 0,
        "complete": True,
    }
    annotate(parse_options(values), SilentProgress())
    assert "no_locus_tag" in refused(tmp_path / "submission.tsv")


def test_a_finished_run_gets_its_check_on_resume(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path, precision="fp32")
    run(
        assembly,
        tmp_path,
        precision="fp32",
        resume=True,
        check_submission=tmp_path / "submission.tsv",
    )
    assert (tmp_path / "submission.tsv").read_text().startswith("gene\ttranscript\t")


def test_a_check_without_being_asked_for_has_no_place_in_the_report(tmp_path):
    assert "submission-problems" not in make_report(write_run(tmp_path)).read_text()


def test_a_check_on_an_input_or_another_output_is_refused_before_any_work(tmp_path):
    assembly = golden_contigs(tmp_path)
    with pytest.raises(UsageError, match="which the run reads"):
        run(assembly, tmp_path, check_submission=assembly.fasta)
    with pytest.raises(UsageError, match="named for two purposes"):
        run(assembly, tmp_path, check_submission=tmp_path / "x", changes=tmp_path / "x")
    assert not (tmp_path / "out.gff3.work").exists()


def test_standard_output_cannot_be_checked():
    values = {"fasta_file": "g.fa", "gff_file": "g.gff3", "output": "-"}
    with pytest.raises(ValueError, match=r"--check_submission .*read the annotation"):
        AnnotateOptions(**values, check_submission="x.tsv")


def test_without_the_genome_there_is_no_check(tmp_path):
    gff3 = write_run(tmp_path)
    (tmp_path / "genome.fa").unlink()
    with pytest.raises(InputError, match=r"genome\.fa"):
        make_submission_check(gff3, tmp_path / "submission.tsv")
    assert not (tmp_path / "submission.tsv").exists()
