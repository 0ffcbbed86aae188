"""Genes without a gene model stay in the output as the input has them."""

import random
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from gene_builders import gene_of, region

from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.identifiers import feature_id, gm_id_of
from transgenic_dagster.gene_models.kept_input import (
    KeptInput,
    fill_gaps,
    parse_column,
    skipped_before_regions,
    write_gap,
)
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LENGTHS = {"chr1": 20_000, "chr2": 20_000}

needs_gt = pytest.mark.skipif(shutil.which("gt") is None, reason="needs genometools (gt)")


def row(kind, start, end, attributes, *, seqid="chr1", strand="+", phase="."):
    return f"{seqid}\tours\t{kind}\t{start}\t{end}\t7\t{strand}\t{phase}\t{attributes}\n"


TWO_GENES = [
    row("gene", 100, 900, "ID=g1;Name=one"),
    row("mRNA", 100, 900, "ID=m1;Parent=g1"),
    row("exon", 100, 300, "Parent=m1"),
    row("CDS", 150, 300, "ID=c1;Parent=m1", phase="0"),
    row("exon", 500, 900, "Parent=m1"),
    row("CDS", 500, 800, "ID=c1;Parent=m1", phase="2"),
    row("gene", 2000, 2900, "ID=g2"),
    row("mRNA", 2000, 2900, "ID=m2;Parent=g2"),
    row("CDS", 2000, 2900, "ID=c2;Parent=m2", phase="0"),
]


@pytest.fixture
def kept_of(tmp_path):
    """Sort rows and return what is kept of the genes that have a reason."""

    def kept(rows, reasons, predicted=(), *, sorter="builtin", types=("gene",), gm="GM"):
        annotation, sorted_gff = tmp_path / "genes.gff3", tmp_path / "sorted.gff3"
        annotation.write_text("##gff-version 3\n" + "".join(rows), encoding="utf-8")
        sort_annotation(annotation, sorted_gff, sorter=sorter, feature_types=types)
        return KeptInput(sorted_gff, types, reasons, predicted, LENGTHS, gm)

    return kept


def test_a_gene_keeps_its_rows_with_a_mark_on_the_gene(kept_of):
    kept = kept_of(TWO_GENES, {"g1": "truncated"}, {"g2"})
    assert len(kept) == 1
    gene, *others = kept.rows("g1")
    assert gene == row("gene", 100, 900, "ID=g1;Name=one;GM=g1;kept=truncated")
    assert sorted(others) == sorted(TWO_GENES[1:6])
    with pytest.raises(KeyError):
        kept.rows("g2")


@pytest.mark.parametrize("sorter", ["builtin", "none"])
@pytest.mark.parametrize("seed", range(5))
def test_rows_are_found_wherever_they_stand_and_follow_their_parents(kept_of, sorter, seed):
    rows = random.Random(seed).sample(TWO_GENES, len(TWO_GENES))
    kept = kept_of(rows, {"g1": "no_cds", "g2": "no_cds"}, sorter=sorter)
    for name, own in (("g1", TWO_GENES[:6]), ("g2", TWO_GENES[6:])):
        lines = kept.rows(name)
        assert len(lines) == len(own)
        assert set(lines[1:]) == set(own[1:])
        seen = set()
        for line in lines:
            attributes = parse_column(line.rstrip("\n").split("\t")[8])
            assert attributes.get("Parent") in seen | {None}
            seen.add(attributes.get("ID"))


def test_one_id_at_two_places_gives_each_gene_its_own_rows_and_ids(kept_of):
    rows = [
        row("gene", 100, 200, "ID=g"),
        row("mRNA", 100, 200, "ID=g.m;Parent=g"),
        row("gene", 1100, 1200, "ID=g"),
        row("mRNA", 1100, 1200, "ID=g.m;Parent=g"),
        row("exon", 1100, 1200, "Parent=g.m"),
        row("gene", 100, 200, "ID=g", seqid="chr2"),
    ]
    kept = kept_of(rows, dict.fromkeys(("g", "g-2", "g-3"), "no_cds"))
    assert kept.rows("g") == [row("gene", 100, 200, "ID=g;GM=g;kept=no_cds"), rows[1]]
    assert kept.rows("g-2") == [
        row("gene", 1100, 1200, "ID=g-2;GM=g-2;kept=no_cds"),
        row("mRNA", 1100, 1200, "ID=g.m-2;Parent=g-2"),
        row("exon", 1100, 1200, "Parent=g.m-2"),
    ]
    assert kept.rows("g-3") == [row("gene", 100, 200, "ID=g-3;GM=g-3;kept=no_cds", seqid="chr2")]


def test_isoforms_of_one_id_keep_their_own_parts(kept_of):
    rows = [
        row("gene", 100, 900, "ID=g"),
        row("mRNA", 100, 200, "ID=m;Parent=g"),
        row("exon", 100, 200, "Parent=m"),
        row("mRNA", 300, 400, "ID=m;Parent=g"),
        row("exon", 300, 400, "Parent=m"),
    ]
    assert kept_of(rows, {"g": "no_cds"}).rows("g")[1:] == [
        *rows[1:3],
        row("mRNA", 300, 400, "ID=m-2;Parent=g"),
        row("exon", 300, 400, "Parent=m-2"),
    ]


def test_an_id_of_a_predicted_feature_is_changed_with_its_parents(kept_of):
    rows = [
        row("gene", 100, 200, "ID=X"),
        row("gene", 1100, 1200, "ID=gene:X"),
        row("mRNA", 1100, 1200, "ID=mRNA:X.t1;Parent=gene:X"),
        row("exon", 1100, 1200, "ID=exon:X.t1.1;Parent=mRNA:X.t1"),
    ]
    with_predicted = kept_of(rows, {"gene:X": "no_cds"}, {"X"}).rows("gene:X")
    assert with_predicted == [
        row("gene", 1100, 1200, "ID=gene:X-2;GM=gene:X;kept=no_cds"),
        row("mRNA", 1100, 1200, "ID=mRNA:X.t1-2;Parent=gene:X-2"),
        row("exon", 1100, 1200, "ID=exon:X.t1.1-2;Parent=mRNA:X.t1-2"),
    ]
    alone = kept_of(rows, {"gene:X": "no_cds", "X": "no_cds"}).rows("gene:X")
    assert alone[1:] == rows[2:]


def test_an_exon_of_isoforms_of_two_genes_goes_with_each(kept_of):
    rows = [
        row("gene", 100, 400, "ID=a"),
        row("mRNA", 100, 400, "ID=a.1;Parent=a"),
        row("mRNA", 100, 400, "ID=a.2;Parent=a"),
        row("exon", 100, 200, "ID=e;Parent=a.1,a.2,b.1"),
        row("gene", 100, 500, "ID=b"),
        row("mRNA", 100, 500, "ID=b.1;Parent=b"),
    ]
    kept = kept_of(rows, {"a": "no_cds", "b": "no_cds"})
    assert kept.rows("a")[1:] == [
        rows[1],
        rows[2],
        row("exon", 100, 200, "ID=e;Parent=a.1,a.2"),
    ]
    assert kept.rows("b")[1:] == [rows[5], row("exon", 100, 200, "ID=e-2;Parent=b.1")]


def test_a_gene_inside_a_gene_has_a_fate_of_its_own(kept_of):
    rows = [
        row("gene", 100, 900, "ID=outer"),
        row("pseudogene", 200, 300, "ID=inner;Parent=outer"),
        row("exon", 200, 300, "ID=e;Parent=inner"),
    ]
    types = ("gene", "pseudogene")
    kept = kept_of(rows, {"outer": "no_cds", "inner": "no_cds"}, types=types)
    assert len(kept.rows("outer")) == 1
    assert len(kept_of(rows, {"outer": "no_cds"}, types=types).rows("outer")) == 1
    assert kept.rows("inner") == [
        row("pseudogene", 200, 300, "ID=inner;GM=inner;kept=no_cds"),
        rows[2],
    ]


def test_a_gene_that_was_built_from_its_parts_is_kept_with_them(kept_of):
    parts = [row("mRNA", 100, 200, "ID=m;Parent=g"), row("exon", 100, 200, "Parent=m")]
    gene, *others = kept_of(parts, {"g": "no_cds"}).rows("g")
    assert gene.split("\t")[2:5] == ["gene", "100", "200"]
    assert others == parts


def test_blanks_between_attributes_hide_no_child(kept_of):
    rows = [row("gene", 100, 200, "Note=n; ID = g ;x=1"), row("mRNA", 100, 200, "x=1; Parent = g")]
    gene, child = kept_of(rows, {"g": "no_cds"}).rows("g")
    assert gene == row("gene", 100, 200, "Note=n;ID=g;x=1;GM=g;kept=no_cds")
    assert child == row("mRNA", 100, 200, "x=1;Parent=g")


def test_a_gene_without_an_id_gets_one(kept_of):
    kept = kept_of([row("gene", 100, 200, ".")], {"chr1:100-200": "no_cds"})
    (line,) = kept.rows("chr1:100-200")
    assert parse_column(line.split("\t")[8].rstrip()) == {
        "ID": "chr1:100-200",
        "GM": "chr1:100-200",
        "kept": "no_cds",
    }


def test_column_9_becomes_proper_gff3():
    assert parse_column("Note=a; b ;Dbxref=x;Dbxref=y;;w=1=2;empty=; ;") == {
        "Note": "a%3B b",
        "Dbxref": "x,y",
        "w": "1%3D2",
    }
    assert parse_column(".") == {}


@pytest.mark.parametrize("gm", ["GM", "gm"])
def test_the_identifier_of_an_earlier_run_is_replaced(kept_of, gm):
    (line,) = kept_of([row("gene", 1, 9, "ID=gene:g;GM=g")], {"gene:g": "no_cds"}, gm=gm).rows(
        "gene:g"
    )
    assert line.split("\t")[8] == f"ID=gene:g;{gm}=gene:g;kept=no_cds\n"


def test_strict_gff3_has_no_capitals_of_its_own(kept_of):
    rows = [row("gene", 100, 200, "ID=g;Note=n;Biotype=b;biotype=c;aGe=1")]
    (line,) = kept_of(rows, {"g": "no_cds"}, gm="gm").rows("g")
    assert line.split("\t")[8] == "ID=g;Note=n;biotype_=b;biotype=c;aGe=1;gm=g;kept=no_cds\n"


@pytest.mark.parametrize("part", [(), (3,), (3, 4)])
@pytest.mark.parametrize("gm_id", ["X", "X.t1", "a b\n", "gene:X"])
def test_identifiers_lead_back_to_the_input_gene(gm_id, part):
    kind = ["gene", "mRNA", "exon"][len(part)]
    assert gm_id_of(feature_id(kind, gm_id, *part)) == gm_id


@pytest.mark.parametrize("identifier", ["X", "gene-X", "mRNA:X", "exon:X.t1", "gene:"])
def test_other_identifiers_lead_to_no_gene(identifier):
    assert gm_id_of(identifier) is None


def test_skipped_genes_have_their_place_before_the_next_region(tmp_path):
    rows = [row("gene", 100 * i, 100 * i + 50, f"ID=g{i}", seqid="chr1") for i in range(1, 7)]
    annotation, sorted_gff = tmp_path / "genes.gff3", tmp_path / "sorted.gff3"
    annotation.write_text("".join([*rows, rows[0]]), encoding="utf-8")
    sort_annotation(annotation, sorted_gff)
    regions = [region("g2"), region("g5")]
    long = [SkippedInput("window_too_long", "", 1, gene_id=f"g{i}") for i in (1, 3, 4, 6)]
    duplicates = read_genes(sorted_gff).skipped
    assert [one.reason for one in duplicates] == ["duplicate"]
    before = skipped_before_regions(sorted_gff, ("gene",), regions, [*duplicates, *long])
    assert before == {0: [long[0]], 1: long[1:3], 2: [long[3]]}


def output_of(folder, sorted_gff, types, predicted, lengths, gm):
    """An output in which every gene but the predicted ones is kept."""
    genes = read_genes(sorted_gff, types).genes
    draft, output = folder / "draft.gff3", folder / "out.gff3"
    model = gene_of("0|CDS1|30|+|A>CDS1")
    with draft.open("w", encoding="utf-8") as handle:
        writer = Gff3Writer(handle, gm)
        writer.write_header(lengths, {})
        for gene in genes:
            if gene.gene_id in predicted:
                writer.write_gene(replace(model, gm_id=gene.gene_id, seqid=gene.seqid))
            else:
                write_gap(handle, gene.gene_id)
    reasons = {gene.gene_id: "no_cds" for gene in genes if gene.gene_id not in predicted}
    kept = KeptInput(sorted_gff, types, reasons, predicted, lengths, gm)
    with output.open("w", encoding="utf-8", newline="\n") as handle:
        fill_gaps(draft, handle, kept)
    return genes, output


def test_every_gene_is_in_the_output_once_and_in_order(tmp_path):
    ids = ["a", "b", "tab%09é;x", "gene:a"]
    rows = [
        row("gene", 100 * i, 100 * i + 50, f"ID={one.replace(';', '%3B')}")
        for i, one in enumerate(ids, start=1)
    ]
    annotation, sorted_gff = tmp_path / "genes.gff3", tmp_path / "sorted.gff3"
    annotation.write_text("".join(rows), encoding="utf-8")
    sort_annotation(annotation, sorted_gff)
    _, output = output_of(tmp_path, sorted_gff, ("gene",), {"a"}, LENGTHS, "gm")
    check = check_gff3(output)
    assert check.faults == []
    assert check.genes == ["a"]
    assert check.kept == ["b", "tab\té;x", "gene:a"]
    assert "#gap" not in output.read_text(encoding="utf-8")


@pytest.fixture
def beyond_the_sequence(tmp_path):
    annotation, sorted_gff = tmp_path / "genes.gff3", tmp_path / "sorted.gff3"
    beyond = row("gene", 10_000, 30_000, "ID=beyond"), row("gene", 1, 9, "ID=g", seqid="unknown")
    annotation.write_text("".join([*TWO_GENES, *beyond]), encoding="utf-8")
    sort_annotation(annotation, sorted_gff)
    _, output = output_of(tmp_path, sorted_gff, ("gene",), {"g2"}, LENGTHS, "gm")
    return output


def test_a_gene_beyond_its_sequence_takes_the_declaration_of_its_length_away(beyond_the_sequence):
    text = beyond_the_sequence.read_text(encoding="utf-8")
    assert "##sequence-region chr1" not in text
    assert "#!exceeded-sequence-region chr1 1 20000\n" in text
    assert "##sequence-region chr2 1 20000\n" in text
    assert check_gff3(beyond_the_sequence).faults == []


@needs_gt
def test_genes_outside_the_genome_pass_the_validator(beyond_the_sequence):
    assert validated(beyond_the_sequence) == "input is valid GFF3\n"


def validated(path):
    command = ["gt", "gff3validator", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout or result.stderr


PUBLISHED = [
    "tair10_7x100k/genes.gff3",
    "derived/cds_only.gff3",
    "derived/tair10_shuffled.gff3",
    "jcvi_ath_chr2/genes.gff3",
    "evm_contig/genes.gff3",
    "slice_ncbi_3x1mb/genes.gff3.gz",
    "odd/ensembl_rice.gff3",
    "odd/augustus_gff3out.gff3",
    "odd/gth_csas_hashes.gff3",
    "odd/ncbi_tomato_partial.gff",
    "odd/tair10_te_chr2.gff",
    "derived/gene_only.gff3",
]

WITH_WRONG_PHASES = "evm_contig/genes.gff3"


@pytest.mark.parametrize("sorter", ["builtin", "none"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_annotations_pass_through_whole(tmp_path, name, sorter):
    if not (DATA / name).exists():
        pytest.skip("needs third-party data")
    sorted_gff = tmp_path / "sorted.gff3"
    sort_annotation(DATA / name, sorted_gff, sorter=sorter)
    lengths = Counter()
    for line in sorted_gff.read_text(encoding="utf-8").splitlines()[1:]:
        seqid, *_, end = line.split("\t")[:5]
        lengths[seqid] = max(lengths[seqid], int(end))
    genes, output = output_of(tmp_path, sorted_gff, ("gene",), (), lengths, "gm")
    check = check_gff3(output)
    assert check.faults == []
    assert check.kept == [gene.gene_id for gene in genes]
    if shutil.which("gt") and name != WITH_WRONG_PHASES:
        assert validated(output) == "input is valid GFF3\n"
