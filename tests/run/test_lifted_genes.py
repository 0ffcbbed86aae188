"""Runs of an assembly without annotation, whose genes come from another one."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import golden
from tests.assemblies import golden_chromosome, write_fasta
from tests.run.test_annotate import TINY, program, rejects
from transgenic_dagster.errors import InputError, MissingOnMachineError, UsageError
from transgenic_dagster.lifting.aligner import find_aligner
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run import annotate as annotate_module
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.estimate import make_plan
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.sequences.dna import reverse_complement


@pytest.fixture(autouse=True)
def minimap2():
    try:
        find_aligner()
    except MissingOnMachineError as error:
        pytest.skip(str(error))


@pytest.fixture
def old(tmp_path):
    """Three genes on one chromosome, and one whose sequence is missing."""
    folder = tmp_path / "old"
    folder.mkdir()
    assembly = golden_chromosome(folder, copies=1)
    with assembly.gff.open("a") as handle:
        handle.write("chrM\ttest\tgene\t1\t900\t.\t+\t.\tID=mito\n")
    return assembly


@pytest.fixture
def new(tmp_path):
    """The same windows as sequences of their own, the second one turned round."""
    windows = golden.tiny_windows()
    texts = {f"s{name}": windows[name]["sequence"] for name in ("a6144", "b6144", "c6144")}
    texts["sb6144"] = reverse_complement(texts["sb6144"])
    return write_fasta(tmp_path / "new.fa", texts)


def options_of(new: Path, old: Any, **others: Any) -> Any:
    values = TINY | {"fasta_file": new, "lift_from": (old.fasta, old.gff), "num_workers": 0}
    return parse_options(values | {"max_length": 16, "output": new.with_name("out.gff3")} | others)


def run(new: Path, old: Any, **others: Any) -> Any:
    return annotate(options_of(new, old, **others), SilentProgress())


def test_genes_are_predicted_where_they_are_found(tmp_path, new, old):
    table = tmp_path / "gsf.tsv"
    accounting = run(new, old, gsf_output=table)
    with table.open() as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert [(row["gene_id"], row["seqid"]) for row in rows] == [
        ("gene0", "sa6144"),
        ("gene1", "sb6144"),
        ("gene2", "sc6144"),
    ]
    assert accounting.skipped == {"not_lifted": 1}
    assert accounting.total == 4
    (missing,) = (one for one in rejects(tmp_path / "out.gff3.rejects.txt") if not one["pred_raw"])
    assert (missing["gm_id"], missing["reason"], missing["chrom"]) == ("mito", "not_lifted", "chrM")
    assert not (tmp_path / "out.gff3.work").exists()


def test_the_lifted_genes_stay_beside_the_output(tmp_path, new, old):
    run(new, old)
    with (tmp_path / "out.gff3.lifted.tsv").open() as handle:
        rows = {row["gene_id"]: row for row in csv.DictReader(handle, delimiter="\t")}
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "gene0": "lifted",
        "gene1": "lifted",
        "gene2": "lifted",
        "mito": "not_lifted",
    }
    assert (rows["gene1"]["old_strand"], rows["gene1"]["strand"]) == ("-", "+")
    genes = (tmp_path / "out.gff3.lifted.gff3").read_text()
    assert "sb6144\tlifted\tgene\t1\t6143\t.\t+\t.\tID=gene1;lifted_from=chr1:6146-12288" in genes


def test_an_interrupted_run_goes_on_without_lifting_again(tmp_path, new, old, monkeypatch):
    whole = tmp_path / "whole"
    whole.mkdir()
    run(new, old, output=whole / "out.gff3")

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(annotate_module, "merge_pieces", fail)
        with pytest.raises(KeyboardInterrupt):
            run(new, old)
    lifted = tmp_path / "out.gff3.lifted.gff3"
    before = lifted.stat().st_mtime_ns
    with pytest.raises(UsageError, match="An unfinished run is kept"):
        run(new, old)
    run(new, old, resume=True)
    assert lifted.stat().st_mtime_ns == before
    for name in ("out.gff3", "out.gff3.rejects.txt", "out.gff3.lifted.tsv", lifted.name):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes(), name


def test_another_old_annotation_is_another_run(tmp_path, new, old, monkeypatch):
    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(annotate_module, "merge_pieces", fail)
        with pytest.raises(KeyboardInterrupt):
            run(new, old)
    other = replace(old, gff=tmp_path / "other.gff3")
    other.gff.write_text("".join(old.gff.read_text().splitlines(keepends=True)[:-2]))
    with pytest.raises(UsageError, match="not the run that was interrupted: annotation was"):
        run(new, other, resume=True)


def test_what_is_left_of_lifting_goes_with_the_run(tmp_path, new, old):
    run(new, old, keep_db=True)
    folder = RunFolder(tmp_path / "out.gff3.work")
    assert folder.lifted_record.exists()
    assert not folder.lifting.exists()
    folder.remove()
    assert not folder.root.exists()


def test_a_genome_with_none_of_the_genes_is_refused(tmp_path, old):
    strange = write_fasta(tmp_path / "strange.fa", {"x": "ACGTTGCAAC" * 800})
    with pytest.raises(InputError, match=r"Not one gene of .* is found in"):
        run(strange, old)


def test_inputs_of_lifting_are_never_overwritten(tmp_path, new, old):
    taken = tmp_path / "out.gff3.lifted.tsv"
    shutil.copy(old.fasta, taken)
    with pytest.raises(UsageError, match=r"out.gff3.lifted.tsv is the file"):
        run(new, replace(old, fasta=taken))


def test_a_plan_is_made_of_the_genes_before_they_are_lifted(new, old):
    plan = make_plan(options_of(new, old))
    assert sum(plan.regions_by_window.values()) == 3
    assert "before they are lifted" in plan.notes[-1]
    assert not new.with_name("out.gff3.lifted.gff3").exists()


def test_the_program_takes_lift_from_in_place_of_the_annotation(tmp_path, new, old):
    lift = ("--lift-from", old.fasta, old.gff)
    both = program(new, old.gff, *lift, cwd=tmp_path)
    assert (both.returncode, both.stderr) == (
        2,
        "Error: --lift_from takes the place of gff_file: leave one of them out.\n",
    )
    model = ("-m", golden.TINY_CHECKPOINT, "--max_length", "8", "--device", "cpu")
    done = program(new, *lift, *model, "-o", "o.gff3", "--num_workers", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lifted 3 of 4 genes, 1 not found" in done.stderr
