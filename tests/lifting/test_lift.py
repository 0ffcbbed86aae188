"""Genes of an assembly in a changed one: where they are found, and which are missing."""

import csv
import json

import pytest

from tests.lifting.planted import plant
from transgenic_dagster.errors import InputError, MissingOnMachineError
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.lifting import aligner, lift
from transgenic_dagster.lifting.aligner import find_aligner
from transgenic_dagster.lifting.lift import lift_genes
from transgenic_dagster.lifting.lifted_files import COLUMNS, read_not_lifted, write_lifted

TOLERANCE = 50


@pytest.fixture(scope="module")
def minimap2():
    try:
        return find_aligner()
    except MissingOnMachineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def lifted(minimap2, planted, tmp_path_factory):
    return lift_planted(planted, minimap2, tmp_path_factory.mktemp("lifting"))


def lift_planted(planted, minimap2, folder):
    files = planted.old_fasta, planted.old_gff3, planted.new_fasta
    return lift_genes(*files, folder, minimap2, ("gene",))


def written(lifted, folder):
    gff3, table, skipped = (folder / name for name in ("l.gff3", "l.tsv", "l.json"))
    write_lifted(lifted, gff3, table, skipped, {"genome": "abc"})
    with table.open() as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    return gff3, rows, skipped


def place(row):
    return row["seqid"], int(row["start"]) - 1, int(row["end"]), row["strand"]


def agree(found, wanted):
    sequences = found[0] == wanted[0] and found[3] == wanted[3]
    ends = zip(found[1:3], wanted[1:3], strict=True)
    return sequences and all(abs(a - b) <= TOLERANCE for a, b in ends)


def test_genes_are_found_where_changes_have_brought_them(lifted, planted, tmp_path):
    _, rows, _ = written(lifted, tmp_path)
    found = {row["gene_id"]: place(row) for row in rows if row["outcome"] == "lifted"}
    wanted = planted.places
    right = [
        name
        for name in wanted
        if name in found
        and (
            agree(found[name], wanted[name])
            or (name in planted.extra and agree(found[name], planted.extra[name]))
        )
    ]
    assert len(right) >= 0.98 * len(wanted)
    strands = {gene.gene_id: gene.strand for gene in planted.genes}
    assert any(found[name][3] != strands[name] for name in right)  # the inversion
    assert {found[name][0] for name in right} == {"scaffold_1", "scaffold_7", "scaffold_12"}


def test_genes_that_are_gone_are_told(lifted, planted, tmp_path):
    _, rows, skipped = written(lifted, tmp_path)
    missing = {row["gene_id"]: row for row in rows if row["outcome"] == "not_lifted"}
    assert planted.deleted <= set(missing)
    told = read_not_lifted(skipped)
    assert {one.gene_id for one in told} == set(missing)
    for one in told:
        assert one.reason == "not_lifted"
        assert f"gene {one.gene_id} is not lifted because" in one.detail
        assert one.detail in missing[one.gene_id]["explanation"]


def test_all_old_genes_are_accounted_for(lifted, planted, tmp_path):
    gff3, rows, _ = written(lifted, tmp_path)
    own = [row["gene_id"] for row in rows if row["outcome"] != "extra_copy"]
    assert sorted(own) == sorted(gene.gene_id for gene in planted.genes)
    genes = [line for line in gff3.read_text().splitlines() if not line.startswith("#")]
    assert len(genes) == sum(row["outcome"] != "not_lifted" for row in rows)
    assert list(rows[0]) == list(COLUMNS)


def test_a_tandem_copy_is_a_gene_of_its_own(lifted, planted, tmp_path):
    if lifted.assignment.copies == [] or find_aligner().version.startswith("mappy"):
        pytest.skip("mappy finds fewer copies")
    _, rows, _ = written(lifted, tmp_path)
    both = {}
    for row in rows:
        if row["seqid"] != ".":
            name = row["gene_id"].partition("_copy")[0]
            both.setdefault(name, []).append((place(row), row["copies"]))
    for name, extra in planted.extra.items():
        places = [one for one, _ in both[name]]
        for wanted in (extra, planted.places[name]):
            assert any(agree(one, wanted) for one in places), name
        assert {copies for _, copies in both[name]} == {"2"}


def test_a_lifted_gene_keeps_its_attributes(lifted, tmp_path):
    gff3, _, _ = written(lifted, tmp_path)
    lines = gff3.read_text().splitlines()
    assert lines[:2] == ["##gff-version 3", "#!genome abc"]
    for line in lines[2:]:
        columns = line.split("\t")
        attributes = parse_attributes(columns[8])
        assert columns[1:3] == ["lifted", "gene"]
        assert attributes["Name"] == "N" + attributes["ID"].partition("_copy")[0]
        assert attributes["Note"] == "a,b"
        assert attributes["lifted_from"].startswith("chr")
        assert 0.5 <= float(attributes["identity"]) <= 1


def test_the_same_is_found_in_parts_and_after_an_interruption(
    minimap2, planted, lifted, tmp_path, monkeypatch
):
    monkeypatch.setattr(lift, "_PART", 1)
    once = lift_planted(planted, minimap2, tmp_path / "once")
    assert once.assignment.places == lifted.assignment.places

    class Broken:
        version = minimap2.version
        calls = 0

        def align(self, targets, queries, *, spliced):
            self.calls += 1
            if self.calls == 2:
                raise KeyboardInterrupt
            return minimap2.align(targets, queries, spliced=spliced)

    with pytest.raises(KeyboardInterrupt):
        lift_planted(planted, Broken(), tmp_path / "again")
    kept = tmp_path / "again" / "whole.0.tsv"
    before = kept.stat().st_mtime_ns
    again = lift_planted(planted, minimap2, tmp_path / "again")
    assert kept.stat().st_mtime_ns == before
    assert (again.assignment, again.best) == (once.assignment, once.best)


def test_genes_without_dna_in_the_old_genome_are_told(minimap2, planted, tmp_path):
    gff3 = tmp_path / "old.gff3"
    text = planted.old_gff3.read_text()
    gff3.write_text(text + "chrM\told\tgene\t1\t90\t.\t+\t.\tID=mito\n")
    files = planted.old_fasta, gff3, planted.new_fasta
    found = lift_genes(*files, tmp_path / "lifting", minimap2, ("gene",))
    (mito,) = (n for n, old in enumerate(found.genes) if old.gene.gene_id == "mito")
    assert found.missing == {mito: "old.fa has no sequence chrM"}


def test_an_annotation_of_another_genome_is_refused(minimap2, planted, tmp_path):
    gff3 = tmp_path / "other.gff3"
    gff3.write_text("##gff-version 3\nX\told\tgene\t1\t90\t.\t+\t.\tID=a\n")
    with pytest.raises(InputError, match="1 gene to lift lies on a sequence of"):
        lift_genes(planted.old_fasta, gff3, planted.new_fasta, tmp_path / "l", minimap2, ("gene",))


def test_without_minimap2_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(aligner, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingOnMachineError, match=r"--lift_from needs minimap2.*apt install"):
        find_aligner()


def test_a_failure_of_minimap2_is_told(tmp_path):
    program = tmp_path / "minimap2"
    program.write_text("#!/bin/sh\necho cannot map >&2\nexit 3\n")
    program.chmod(0o755)
    broken = aligner.Minimap2(str(program))
    with pytest.raises(aligner.RunError, match="ended with exit code 3: cannot map"):
        list(broken.align(tmp_path / "a", tmp_path / "b", spliced=True))


def test_the_list_of_missing_genes_is_json(lifted, tmp_path):
    _, _, skipped = written(lifted, tmp_path)
    assert {one["is_gene"] for one in json.loads(skipped.read_text())} == {True}
