"""Whole runs of completion, with the demo model and the first isoforms of its genes."""

import shutil
import subprocess

import pytest
import torch

from tests.broken_annotation import write_annotation
from tests.report.page_reader import Page
from tests.run.judging import complete, contents
from tests.run.test_annotate import rejects
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import UsageError
from transgenic_dagster.gene_models.completed_check import check_completed
from transgenic_dagster.inference.engine import Engine
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.quality.structures import read_structures
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.report import make_report


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def completed(demo, tmp_path_factory):
    """The folder of a run that completed the demo's annotation, and its accounting."""
    folder = tmp_path_factory.mktemp("completed")
    return folder, complete(demo.genome_fasta, demo.genes_gff3, folder)


@pytest.fixture(scope="module")
def small(demo, tmp_path_factory):
    """Genome and annotation of a few genes of two window lengths, first isoforms only."""
    folder = tmp_path_factory.mktemp("small")
    whole = demo.genes_gff3.read_text().splitlines(keepends=True)
    rows = [line for line in whole if line.startswith(("Chr2", "scaffold"))]
    (folder / "genes.gff3").write_text("##gff-version 3\n" + "".join(rows[:140]))
    return demo.genome_fasta, folder / "genes.gff3"


def features(path):
    return [line for line in path.read_text().splitlines() if line and line[0] != "#"]


def isoforms(path):
    """Parts of each transcript, by gene: a set for each."""
    parents, parts = {}, {}
    for line in features(path):
        columns = line.split("\t")
        attributes = parse_attributes(columns[8])
        if columns[2] == "mRNA":
            parents[attributes["ID"]] = attributes["Parent"]
        if columns[2] in {"CDS", "five_prime_UTR", "three_prime_UTR"}:
            part = (columns[2], int(columns[3]), int(columns[4]))
            parts.setdefault(attributes["Parent"], set()).add(part)
    genes = {}
    for name, own in parts.items():
        genes.setdefault(parents[name], []).append(frozenset(own))
    return genes


def test_nine_in_ten_genes_with_isoforms_get_all_of_them(demo, completed):
    folder, accounting = completed
    truth, found = isoforms(demo.truth_gff3), isoforms(folder / "out.gff3")
    several = [name for name, own in truth.items() if len(own) > 1]
    assert len(several) > 10
    whole = [name for name in several if set(truth[name]) == set(found[name])]
    assert len(whole) >= 0.9 * len(several)
    gained = sum(len(own) for own in found.values()) - len(isoforms(demo.genes_gff3))
    assert accounting.isoforms_gained == gained


def test_no_transcript_is_written_twice(completed):
    folder, _ = completed
    for own in isoforms(folder / "out.gff3").values():
        assert len(set(own)) == len(own)
    names = [
        parse_attributes(line.split("\t")[8]).get("ID") for line in features(folder / "out.gff3")
    ]
    transcripts = [
        name
        for name, line in zip(names, features(folder / "out.gff3"), strict=True)
        if line.split("\t")[2] in {"gene", "mRNA", "transcript"}
    ]
    assert len(set(transcripts)) == len(transcripts)


def test_every_row_of_the_input_stays_byte_for_byte_but_for_the_genes_that_gain(demo, completed):
    folder, _ = completed
    written = features(folder / "out.gff3")
    missing = set(features(demo.genes_gff3)) - set(written)
    assert {line.split("\t")[2] for line in missing} == {"gene"}
    gaining = {
        parse_attributes(line.split("\t")[8])["ID"]: line
        for line in written
        if "isoforms_gained=" in line
    }
    for line in missing:
        changed = gaining.pop(parse_attributes(line.split("\t")[8])["ID"])
        assert changed.startswith(f"{line};isoforms_gained=") or (
            changed.split("\t")[3:5] != line.split("\t")[3:5]
        )
    assert not gaining
    new = [line for line in written if line not in set(features(demo.genes_gff3))]
    assert all("origin=completed" in line for line in new if line.split("\t")[2] == "mRNA")


def test_genes_without_a_beginning_are_told_and_kept_as_they_were(demo, completed):
    folder, accounting = completed
    assert accounting.total == len(demo.genes)
    reasons = {r["gm_id"]: r["reason"] for r in rejects(folder / "out.gff3.rejects.txt")}
    # The model's own fault in the gene with mixed strands lies behind its first isoform.
    planted = {g.gene_id for g in demo.genes if not g.predictable}
    assert set(reasons) == planted - {"DEMO1G00160"}
    written = set(features(folder / "out.gff3"))
    for line in features(demo.genes_gff3):
        if any(name in line for name in reasons):
            assert line in written


@pytest.mark.skipif(shutil.which("gt") is None, reason="GenomeTools is not installed")
def test_the_result_is_valid_gff3(demo, tmp_path):
    complete(demo.genome_fasta, demo.genes_gff3, tmp_path, strict_gff3=True)
    done = subprocess.run(
        ["gt", "gff3validator", str(tmp_path / "out.gff3")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_its_report_counts_what_is_in_its_files(demo, completed):
    folder, accounting = completed
    page = Page(make_report(folder / "out.gff3"))
    gaining = sum("isoforms_gained=" in line for line in features(folder / "out.gff3"))
    assert page.rows("accounting")["gained isoforms"][0] == str(gaining)
    assert page.rows("gained")["all"] == [str(gaining), str(accounting.isoforms_gained)]
    assert page.rows("frames")["all transcripts"][0] == str(accounting.isoforms_gained)
    rows = len(features(demo.genes_gff3))
    assert page.rows("kept")["all"][:3] == [str(n) for n in (rows, rows - gaining, gaining)]


def test_the_transcript_that_was_given_does_not_come_back_as_a_new_one(completed):
    folder, accounting = completed
    # The gene's own transcript lacks its stop codon, to which refinement would move.
    assert "DEMO1G00160;isoforms_gained" not in (folder / "out.gff3").read_text()
    assert accounting.orf.total() == accounting.isoforms_gained


def test_completing_again_tells_only_what_is_new(small, tmp_path):
    fasta, gff = small
    complete(fasta, gff, tmp_path / "once")
    once = features(tmp_path / "once/out.gff3")
    (tmp_path / "less.gff3").write_text("\n".join(["##gff-version 3", *_less(once)]) + "\n")
    files = {"keep_db": True, "report": tmp_path / "report.html"}
    accounting = complete(fasta, tmp_path / "less.gff3", tmp_path / "twice", **files)
    output = tmp_path / "twice/out.gff3"
    gained = [line.count("isoforms_gained=") for line in features(output) if "\tgene\t" in line]
    assert set(gained) <= {0, 1}
    assert accounting.isoforms_gained == accounting.orf.total() == 1
    before = tmp_path / "twice-sorted.gff3"
    sort_annotation(tmp_path / "less.gff3", before)
    found = check_completed(output, before)
    assert (found.faults, found.gained.total()) == ([], 1)
    assert output.read_text().count("origin=completed") > 1
    database = tmp_path / "twice/out.gff3.work/regions.duckdb"
    assert read_structures(output, database, before).transcripts == 1
    assert Page(tmp_path / "report.html").rows("gained")["all"] == ["1", "1"]


def _less(rows):
    """Rows without one of the isoforms that were gained."""
    name = next(
        parse_attributes(row.split("\t")[8])["ID"] for row in rows if "origin=completed" in row
    )
    return [row for row in rows if f"={name};" not in row]


def test_a_gene_whose_first_transcript_is_no_beginning_keeps_its_rows(demo, tmp_path):
    genes = [g for g in demo.genes if g.predictable][:2]
    gff = write_annotation(tmp_path / "genes.gff3", genes)
    lines = gff.read_text().splitlines(keepends=True)
    first = genes[0].gene_id
    gff.write_text("".join(x.replace("\tCDS\t", "\texon\t") if first in x else x for x in lines))
    complete(demo.genome_fasta, gff, tmp_path / "out")
    (reject,) = rejects(tmp_path / "out/out.gff3.rejects.txt")
    assert (reject["gm_id"], reject["reason"]) == (genes[0].gene_id, "no_cds")
    written = set(features(tmp_path / "out/out.gff3"))
    assert all(line in written for line in features(gff) if genes[0].gene_id in line)


def test_neither_batches_nor_devices_change_the_result(small, tmp_path):
    for name, options in (
        ("one", {"batch_size": 1}),
        ("three", {"batch_size": 3}),
    ):
        complete(*small, tmp_path / name, **options)
    for more in ({"crash_after": 3}, {"resume": True}):
        complete(*small, tmp_path / "two", batch_size=3, device="cpu,cpu", **more)
    assert contents(tmp_path / "one") == contents(tmp_path / "three") == contents(tmp_path / "two")
    assert "isoforms_gained" in (tmp_path / "one/out.gff3").read_text()


def test_a_resumed_run_ends_with_the_same_bytes(small, tmp_path):
    complete(*small, tmp_path / "whole", batch_size=2)
    complete(*small, tmp_path / "broken", batch_size=2, crash_after=3)
    assert not (tmp_path / "broken/out.gff3").exists()
    complete(*small, tmp_path / "broken", batch_size=2, resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "broken")


def test_out_of_memory_halves_the_batch_and_keeps_each_gene_with_its_beginning(
    small, tmp_path, monkeypatch
):
    complete(*small, tmp_path / "whole", batch_size=1)
    decode = Engine._decode

    def decode_few(engine, regions, input_ids, options, batch_size, prompts):
        if len(regions) > 1:
            raise torch.OutOfMemoryError("full")
        return decode(engine, regions, input_ids, options, batch_size, prompts)

    monkeypatch.setattr(Engine, "_decode", decode_few)
    complete(*small, tmp_path / "short", batch_size=4)
    assert contents(tmp_path / "whole") == contents(tmp_path / "short")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"grammar": "on"}, "--grammar"),
        ({"keep_input": True}, "--keep_input"),
        ({"changes": "a.tsv"}, "--changes"),
    ],
)
def test_what_excludes_completion_is_one_sentence(other, named):
    with pytest.raises(UsageError, match=rf"--complete.*{named}|{named}.*--complete"):
        parse_options({"fasta_file": "a.fa", "gff_file": "b.gff3", "complete": True} | other)
