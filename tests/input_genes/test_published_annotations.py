"""Annotation files of many programs give the genes that AGAT finds in them."""

from pathlib import Path

import pytest
from annotation_files import DATA, Coordinates, coordinates, recorded_coordinates

from tests.golden import FOLDER
from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gene_list import GeneList, read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data are not here")

RECORDED = {path.stem: path for path in sorted((FOLDER / "genelists").glob("*.tsv"))}


def genes_of(annotation: Path, folder: Path) -> GeneList:
    sort_annotation(annotation, folder / "sorted.gff3")
    return read_genes(folder / "sorted.gff3")


def tair10() -> set[Coordinates]:
    return recorded_coordinates(RECORDED["tair10_7x100k"])


def file_of(name: str) -> Path:
    """Return the annotation that a recorded gene list belongs to."""
    if name.startswith("odd_"):
        (path,) = (DATA / "odd").glob(f"{name.removeprefix('odd_')}.g*")
    else:
        (path,) = (DATA / name).glob("genes.g*")
    return path


@pytest.mark.parametrize("name", RECORDED)
def test_genes_are_those_recorded(name: str, tmp_path: Path) -> None:
    gene_list = genes_of(file_of(name), tmp_path)
    assert coordinates(gene_list) == recorded_coordinates(RECORDED[name])
    assert gene_list.skipped == []


@pytest.mark.parametrize(
    "name",
    [
        "tair10_crlf.gff3",
        "tair10.gff3.gz",
        "tair10_shuffled.gff3",
        "gene_only.gff3",
        "gene_only.bed",
    ],
)
def test_genes_do_not_depend_on_the_form_of_the_file(name: str, tmp_path: Path) -> None:
    assert coordinates(genes_of(DATA / "derived" / name, tmp_path)) == tair10()


@pytest.mark.parametrize("name", ["phytozome_style.gene_exons.gff3", "phyto_shuffled.gff3"])
def test_phytozome_style_gives_the_coding_genes(name: str, tmp_path: Path) -> None:
    found = coordinates(genes_of(DATA / "derived" / name, tmp_path))
    assert len(found) == 116
    assert {
        (*place, gene_id.removesuffix(".Araport11.447")) for *place, gene_id in found
    } <= tair10()


def test_shuffled_rice_gives_the_genes_of_the_original(tmp_path: Path) -> None:
    found = coordinates(genes_of(DATA / "derived" / "rice_shuffled.gff3", tmp_path))
    assert found == recorded_coordinates(RECORDED["odd_ensembl_rice"])


@pytest.mark.parametrize("name", ["cds_only.gff3", "exon_only.gff3"])
def test_files_of_parts_give_one_gene_per_transcript(name: str, tmp_path: Path) -> None:
    expected: dict[str, tuple[str, int, int, str]] = {}
    for line in (DATA / "derived" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        seqid, _, _, start, end, _, strand, _, attributes = line.split("\t")
        parent = attributes.removeprefix("Parent=").rstrip(";")
        _, low, high, _ = expected.get(parent, (seqid, int(start), int(end), strand))
        expected[parent] = (seqid, min(low, int(start)), max(high, int(end)), strand)
    assert coordinates(genes_of(DATA / "derived" / name, tmp_path)) == {
        (*place, parent) for parent, place in expected.items()
    }


@pytest.mark.parametrize(
    ("name", "count"), [("odd/taco_exon.gtf", 83), ("braker_ath_1mb/genemark_evm.gtf", 277)]
)
def test_gtf_without_genes_gives_its_gene_ids(name: str, count: int, tmp_path: Path) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    gene_ids = {part.split('"')[1] for part in text.split("gene_id")[1:]}
    assert {gene.gene_id for gene in genes_of(DATA / name, tmp_path).genes} == gene_ids
    assert len(gene_ids) == count


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("galaxy_broken.gff", 10),
        ("galaxy_dup.gff", 10),
        ("gemoma.gff", 10),
        ("genemark_exon_only.gff3", 1148),
        ("random_chr.gff", 1),
        ("tair10_te_chr2.gff", 8),
    ],
)
def test_odd_files_give_their_genes(name: str, count: int, tmp_path: Path) -> None:
    assert len(genes_of(DATA / "odd" / name, tmp_path).genes) == count


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("fgenesh.gff", "is neither GFF3, GTF nor BED"),
        ("snap.gff", r"has no row of type gene.*CDS \(8\)"),
        ("PROVENANCE.tsv", "is neither GFF3, GTF nor BED"),
    ],
)
def test_odd_files_without_genes_are_refused_in_one_sentence(
    name: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        genes_of(DATA / "odd" / name, tmp_path)


def test_every_file_is_covered_here() -> None:
    covered = {"fgenesh", "snap", "PROVENANCE", "galaxy_broken", "galaxy_dup", "gemoma"}
    covered |= {"genemark_exon_only", "random_chr", "tair10_te_chr2", "taco_exon"}
    covered |= {name.removeprefix("odd_") for name in RECORDED}
    assert {path.stem for path in (DATA / "odd").iterdir()} <= covered
