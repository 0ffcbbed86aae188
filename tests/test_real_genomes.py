"""Real genomes and annotations, used in place where they are at hand."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import golden
from tests.assemblies import Assembly
from tests.run.test_annotate import run
from transgenic_dagster.demo import demo_checkpoint

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

GENOMES = {
    "tair10_7x100k": ("genes.gff3", 144),
    "slice_ncbi_3x1mb": ("genes.gff3.gz", 717),
}


def real(name: str) -> Assembly:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return Assembly(folder / "genome.fa", folder / GENOMES[name][0])


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.mark.parametrize("name", GENOMES)
def test_every_gene_of_a_real_annotation_is_accounted_for(tmp_path, name):
    accounting = run(real(name), tmp_path, max_length=24, model=str(golden.TINY_CHECKPOINT))
    assert accounting.total == GENOMES[name][1]
    lines = (tmp_path / "out.gff3.rejects.txt").read_text().splitlines()
    assert len(lines) == accounting.rejected.total() + accounting.skipped.total()


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """Strict and plain annotation of real sequence with a model that writes valid sentences."""
    folder = tmp_path_factory.mktemp("real")
    assembly = real("tair10_7x100k")
    model = str(demo_checkpoint())
    accounting = run(assembly, folder, model=model, max_length=256, num_beams=1)
    strict = {"strict_gff3": True, "output": folder / "strict.gff3"}
    assert accounting.annotated > 80, "of 143 that code for proteins"
    run(assembly, folder, model=model, max_length=256, num_beams=1, **strict)
    return folder


def test_strict_output_is_valid_gff3(annotated):
    gt = tool("gt")
    checked = subprocess.run(
        [gt, "gff3validator", annotated / "strict.gff3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == "input is valid GFF3\n", checked.stderr


def test_the_only_fault_of_plain_output_is_the_published_attribute(annotated):
    gt = tool("gt")
    checked = subprocess.run(
        [gt, "gff3validator", annotated / "out.gff3"], capture_output=True, text=True, check=False
    )
    assert 'illegal uppercase attribute "GM"' in checked.stderr
    plain = (annotated / "out.gff3").read_text()
    assert plain.replace(";GM=", ";gm=") == (annotated / "strict.gff3").read_text()


def test_gt_sort_and_tidy_keeps_every_gene(annotated):
    tidied = subprocess.run(
        [tool("gt"), "gff3", "-sort", "-tidy", annotated / "strict.gff3"],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = (annotated / "strict.gff3").read_text().count("\tgene\t")
    assert tidied.stdout.count("\tgene\t") == kept


def test_gffread_loads_every_transcript(annotated):
    for name in ("out.gff3", "strict.gff3"):
        loaded = subprocess.run(
            [tool("gffread"), "-E", annotated / name], capture_output=True, text=True, check=True
        )
        assert loaded.stdout.count("\tmRNA\t") + loaded.stdout.count("\ttranscript\t") == (
            annotated / name
        ).read_text().count("\tmRNA\t")
