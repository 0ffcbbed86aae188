"""AGAT is played by small scripts here: it is seldom installed."""

import os

import pytest
from annotation_files import read, row

from transgenic_dagster.errors import InputError, MissingOnMachineError, RunError

GENES = row(attributes="ID=a") + row(start=200, end=300, attributes="ID=b") + row(start="x")


@pytest.fixture
def agat(tmp_path, monkeypatch):
    """Return a function that puts a stand-in for AGAT on the PATH."""

    def install(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "agat_convert_sp_gxf2gxf.pl"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return install


def test_its_order_and_rows_are_taken_over(agat, tmp_path):
    agat('echo log > agat.log; grep -v "^#" "$2" | sort -r > "$4"')
    gene_list = read(GENES, tmp_path, sorter="agat")
    assert [gene.gene_id for gene in gene_list.genes] == ["b", "a"]
    assert [(skip.reason, skip.line) for skip in gene_list.skipped] == [("bad_row", 3)]
    assert not list(tmp_path.glob("**/agat.log"))


def test_genes_that_it_drops_are_listed(agat, tmp_path):
    agat('grep -v "ID=a" "$2" > "$4"')
    gene_list = read(GENES, tmp_path, sorter="agat")
    assert [gene.gene_id for gene in gene_list.genes] == ["b"]
    dropped, broken = gene_list.skipped
    assert dropped.detail == "genes.gff3, line 1: the row was left out by AGAT."
    assert (dropped.line, broken.line) == (1, 3)


@pytest.mark.parametrize(
    "script",
    ['echo "##gff-version 3" > "$4"', "true", 'echo "chr1\t.\tmRNA\t1\t9\t.\t+\t.\tID=t" > "$4"'],
)
def test_a_result_without_genes_is_explained(script, agat, tmp_path):
    agat(script)
    with pytest.raises(InputError, match="it drops genes without children; leave out --sorter"):
        read(GENES, tmp_path, sorter="agat")


def test_its_failure_is_reported(agat, tmp_path):
    agat('echo "cannot cope" >&2; exit 7')
    with pytest.raises(RunError, match="failed with exit code 7: cannot cope"):
        read(GENES, tmp_path, sorter="agat")


def test_its_absence_is_reported_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingOnMachineError, match=r"install AGAT .* or leave the option out"):
        read(GENES, tmp_path, sorter="agat")
