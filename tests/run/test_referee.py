"""Whole runs of the referee, with the demo model and its own genes."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.broken_annotation import broken_copy, write_annotation
from tests.run.judging import DEMO, contents, table
from tests.run.test_annotate import CrashAfter, CrashError
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import UsageError
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_options import parse_as
from transgenic_dagster.run.judging_options import RefereeOptions
from transgenic_dagster.run.referee import referee


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def few(demo):
    return [gene for gene in demo.genes if gene.predictable][:4]


def judge(demo, annotations, folder, progress=None, **options):
    folder.mkdir(exist_ok=True)
    values = DEMO | {"fasta_file": demo.genome_fasta, "annotations": annotations}
    checked = parse_as(RefereeOptions, values | {"output": folder / "best.gff3"} | options)
    return referee(checked, progress or SilentProgress())


def gene_rows(path):
    rows = [line.split("\t") for line in path.read_text().splitlines() if line[0] != "#"]
    return {
        parse_attributes(columns[8])["ID"]: (columns, parse_attributes(columns[8]))
        for columns in rows
        if columns[2] == "gene"
    }


@pytest.mark.parametrize("order", [("true", "broken"), ("broken", "true")])
def test_the_true_copy_of_every_broken_gene_is_taken(demo, tmp_path, order):
    genes, faults = broken_copy(demo.genes)
    files = {
        "true": write_annotation(tmp_path / "true.gff3", broken_copy(demo.genes, of_each=0)[0]),
        "broken": write_annotation(tmp_path / "broken.gff3", genes),
    }
    accounting = judge(demo, [files[name] for name in order], tmp_path / "out")
    assert accounting.loci == 46
    assert accounting.taken.total() == accounting.lost.total() == 46
    taken = gene_rows(tmp_path / "out/best.gff3")
    assert len(taken) == 46
    for name, (_, attributes) in taken.items():
        if name in faults:
            assert attributes["origin"] == "true"
            assert float(attributes["margin"]) > 1
        else:
            assert attributes["origin"] == order[0]
    rows = table(tmp_path / "out/best.gff3.decisions.tsv")
    assert Counter(row["decision"] for row in rows) == {
        "taken": 46,
        "not_taken": 15,
        "same_structure": 31,
    }


def test_identifiers_that_clash_are_made_unique_and_own_rows_stay(demo, few, tmp_path):
    first = write_annotation(tmp_path / "a.gff3", few[:2])
    other = write_annotation(tmp_path / "b.gff3", few[2:])
    other.write_text(other.read_text().replace(few[2].gene_id, few[0].gene_id))
    judge(demo, [first, other], tmp_path / "out")
    written = (tmp_path / "out/best.gff3").read_text()
    rows = gene_rows(tmp_path / "out/best.gff3")
    assert len(rows) == 4
    assert f"{few[0].gene_id}-2" in rows
    identifiers = Counter(
        parse_attributes(line.split("\t")[8])["ID"]
        for line in written.splitlines()
        if line[0] != "#" and "\tmRNA\t" in line
    )
    assert set(identifiers.values()) == {1}
    for line in first.read_text().splitlines()[2:]:
        if "\tgene\t" not in line:
            assert f"{line}\n" in written


def test_genes_without_a_score_are_told_and_kept_where_nothing_else_is(demo, few, tmp_path):
    first = write_annotation(tmp_path / "a.gff3", few[:1])
    second = tmp_path / "b.gff3"
    second.write_text(
        "##gff-version 3\n"
        "Chr1\tx\tgene\t100\t700\t.\t+\t.\tID=inside\n"
        "Chr1\tx\tgene\t7000\t7500\t.\t+\t.\tID=alone\n"
        "ChrX\tx\tgene\t7000\t7500\t.\t+\t.\tID=elsewhere\n"
        "Chr1\tx\tgene\t7000\t6500\t.\t+\t.\tID=backwards\n"
    )
    accounting = judge(demo, [first, second], tmp_path / "out")
    rows = {row["gene_id"]: row for row in table(tmp_path / "out/best.gff3.decisions.tsv")}
    (skipped,) = (row for row in rows.values() if row["decision"] == "skipped")
    assert (skipped["annotation"], skipped["reason"]) == ("b", "bad_row")
    assert (rows["inside"]["decision"], rows["inside"]["reason"]) == ("not_taken", "no_cds")
    assert (rows["alone"]["decision"], rows["alone"]["reason"]) == ("taken", "no_cds")
    assert rows["elsewhere"]["reason"] == "unknown_sequence"
    taken = gene_rows(tmp_path / "out/best.gff3")
    assert set(taken) == {few[0].gene_id, "alone", "elsewhere"}
    assert taken["alone"][1]["unscored"] == "no_cds"
    total = accounting.taken.total() + accounting.lost.total() + accounting.skipped.total()
    assert total == len(rows) == 5


def test_a_resumed_run_ends_with_the_same_bytes(demo, few, tmp_path):
    genes, _ = broken_copy(demo.genes)
    kept = {gene.gene_id for gene in few}
    files = [
        write_annotation(tmp_path / "a.gff3", few),
        write_annotation(tmp_path / "b.gff3", [g for g in genes if g.gene_id in kept]),
    ]
    judge(demo, files, tmp_path / "whole", batch_size=2)
    with pytest.raises(CrashError):
        judge(demo, files, tmp_path / "broken", CrashAfter(3), batch_size=2)
    with pytest.raises(UsageError, match="--resume"):
        judge(demo, files, tmp_path / "broken", batch_size=2)
    judge(demo, files, tmp_path / "broken", batch_size=2, resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "broken")
    assert set(contents(tmp_path / "whole")) == {"best.gff3", "best.gff3.decisions.tsv"}
    assert not (tmp_path / "broken/best.gff3.work").exists()


def test_no_output_is_an_input(demo, few, tmp_path):
    files = [write_annotation(tmp_path / f"{name}.gff3", few[:1]) for name in "ab"]
    with pytest.raises(UsageError, match="which the run reads"):
        judge(demo, files, tmp_path, output=files[1])


def test_the_folder_of_another_run_is_left_alone(demo, few, tmp_path):
    files = [write_annotation(tmp_path / f"{name}.gff3", few[:1]) for name in "ab"]
    other = RunFolder(tmp_path / "out/best.gff3.work")
    other.mark("transgenic-annotate", {})
    (other.root / "journal").mkdir()
    with pytest.raises(UsageError, match="another program's run"):
        judge(demo, files, tmp_path / "out")
    assert (other.root / "journal").exists()


def test_the_program_writes_its_files(demo, few, tmp_path):
    files = [write_annotation(tmp_path / f"{name}.gff3", few[:1]) for name in "ab"]
    code = "import sys; from transgenic_dagster.cli.referee import main; sys.exit(main())"
    arguments = [demo.genome_fasta, *files, "-o", "best.gff3", "-m", demo_checkpoint()]
    command = [sys.executable, "-c", code, *map(str, arguments), "--device", "cpu"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 in all at 1 loci, 1 taken (1 of a)" in done.stderr
    alone = subprocess.run(
        [*command[:5], "-o", "x.gff3"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert alone.returncode == 2
    assert "annotations" in alone.stderr
