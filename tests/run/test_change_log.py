"""The change log of a run: with the run, afterwards, and together with its reject report."""

import csv
import json
from dataclasses import replace

import pytest

from tests.assemblies import golden_contigs
from tests.report.made_run import HOSTILE, write_run
from tests.report.page_reader import Page
from tests.run.test_annotate import run
from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.run.change_log import make_change_log
from transgenic_dagster.run.report import make_report
from transgenic_dagster.run.state import read_run_summary


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def changes(path):
    return {row["input_gene"]: row["change"] for row in rows(path)}


def reject_as_off_target(folder, gene):
    """Have the run reject the prediction of a gene because it lay elsewhere."""
    report, state = folder / "out.gff3.rejects.txt", folder / "out.gff3.ckpt.json"
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    for line in lines:
        if line["gm_id"] == gene:
            line |= {"reason": "off_target", "error": "off_target: elsewhere", "transcript": None}
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    summary = read_run_summary(state)
    rejected = {"off_target": 1, "no_cds": 1}
    replace(summary, accounting={**summary.accounting, "rejected": rejected}).write(state)


def test_every_gene_of_the_input_has_a_row(tmp_path):
    make_change_log(write_run(tmp_path), tmp_path / "changes.tsv")
    assert changes(tmp_path / "changes.tsv") == {
        "same": "unchanged",
        "broken": "unchanged",
        "far": "cds_changed",
        "lost": "unchanged",  # its rows were kept
        "lncRNA": "lost",
        "two": "unchanged",
        HOSTILE: "unchanged",
        "long": "lost",
    }


def test_a_rejected_prediction_elsewhere_is_off_target_in_table_and_report(tmp_path):
    gff3 = write_run(tmp_path)
    reject_as_off_target(tmp_path, "lncRNA")
    make_change_log(gff3, tmp_path / "changes.tsv")
    table = changes(tmp_path / "changes.tsv")
    assert (table["lncRNA"], table["long"]) == ("off_target", "lost")
    counts = Page(make_report(gff3)).rows("changes")
    assert counts["off target: its prediction lies elsewhere"][0] == "1"
    assert counts["lost: nothing in its place"][0] == "1"


def test_a_change_log_with_the_run_is_that_made_afterwards(tmp_path):
    assembly = golden_contigs(tmp_path)
    genes = assembly.gff.read_text().splitlines()
    mrnas = [
        row.replace("\tgene\t", "\tmRNA\t").replace("ID=", "ID=m.").rstrip(";")
        + f";Parent={row.partition('ID=')[2].partition(';')[0]}"
        for row in genes
        if "\tgene\t" in row
    ]
    assembly.gff.write_text("\n".join([*genes, *mrnas]) + "\n")
    accounting = run(assembly, tmp_path, changes=tmp_path / "with.tsv", report=tmp_path / "r.html")
    make_change_log(tmp_path / "out.gff3", tmp_path / "after.tsv")
    assert (tmp_path / "with.tsv").read_bytes() == (tmp_path / "after.tsv").read_bytes()
    assert len(rows(tmp_path / "with.tsv")) == accounting.total
    assert set(changes(tmp_path / "with.tsv").values()) <= {"lost", "off_target"}


def test_an_input_without_transcripts_gives_a_table_without_rows_and_a_sentence(tmp_path, caplog):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path, changes=tmp_path / "changes.tsv")
    assert (tmp_path / "changes.tsv").read_text().startswith("change\tseqid\t")
    assert rows(tmp_path / "changes.tsv") == []
    assert f"{assembly.gff} has no exons or CDS" in caplog.text


def test_a_finished_run_gets_its_change_log_on_resume(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path)
    run(assembly, tmp_path, resume=True, changes=tmp_path / "changes.tsv")
    assert (tmp_path / "changes.tsv").exists()


def test_a_change_log_on_an_input_or_another_output_is_refused_before_any_work(tmp_path):
    assembly = golden_contigs(tmp_path)
    with pytest.raises(UsageError, match="which the run reads"):
        run(assembly, tmp_path, changes=assembly.gff)
    with pytest.raises(UsageError, match="named for two purposes"):
        run(assembly, tmp_path, changes=tmp_path / "x", report=tmp_path / "x")
    assert not (tmp_path / "out.gff3.work").exists()


def test_without_the_input_there_is_no_change_log(tmp_path):
    gff3 = write_run(tmp_path)
    (tmp_path / "genes.gff3").unlink()
    with pytest.raises(InputError, match=r"genes\.gff3 is not there any more"):
        make_change_log(gff3, tmp_path / "changes.tsv")
