"""Every gene row of the input ends as exactly one region or one skipped input."""

import gzip
from collections import Counter
from pathlib import Path

import pytest
from annotation_files import coordinates, read, row, rows_of, sort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transgenic_dagster.input_genes.origin import read_origin
from transgenic_dagster.input_genes.sorted_gff import Sorter
from transgenic_dagster.regions.region_db import RegionDb, build_region_db
from transgenic_dagster.sequences.fasta import open_genome

LENGTHS = {"chr1": 70_000, "chr2": 5000, "chr10": 20_000}
IDS = st.text(st.characters(exclude_characters="\r\n\t\0", exclude_categories=["Cs"]), max_size=5)
POSITIONS = st.integers(-1, 71_000) | st.sampled_from(["", "x", "1.5"])
GOOD_GENES = st.builds(
    lambda seqid, start, length, strand, gene_id: row(
        start=start, end=start + length, seqid=seqid, strand=strand, attributes=gene_id
    ),
    st.sampled_from([*LENGTHS, "Chr1", "chr%31"]),
    st.integers(1, 5000),
    st.integers(0, 60_000),
    st.sampled_from("+-.?*"),
    st.sampled_from(["ID=a", "ID=b", "Name=a", "ID=a-2", "gene_id=c"]) | IDS,
)
ODD_GENES = st.builds(
    lambda start, end, seqid, strand: row(start=start, end=end, seqid=seqid, strand=strand),
    POSITIONS,
    POSITIONS,
    st.sampled_from([*LENGTHS, "", " "]),
    st.sampled_from(["+", "", "x", "++"]),
)
OTHER_ROWS = st.sampled_from(
    [row("exon"), row("mRNA", 5, 4), row("CDS", attributes="Parent=a"), "#\tgene\n", "\n", "x\n"]
)
IN_A_FOLDER = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def fasta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text("".join(f">{seqid}\n{'ACGTA' * (n // 5)}\n" for seqid, n in LENGTHS.items()))
    return path


@IN_A_FOLDER
@given(
    st.lists(GOOD_GENES | ODD_GENES | OTHER_ROWS, max_size=30), st.sampled_from(["builtin", "none"])
)
def test_no_gene_row_is_lost_or_counted_twice(
    tmp_path: Path, fasta: Path, rows: list[str], sorter: str
) -> None:
    lines = [row(seqid="chr2", attributes="ID=always"), *rows]
    gene_lines = [n for n, line in enumerate(lines, start=1) if line.split("\t")[2:3] == ["gene"]]
    gene_list = read("".join(lines), tmp_path, sorter=sorter)  # type: ignore[arg-type]
    with open_genome(fasta, tmp_path) as genome:
        build_region_db(
            tmp_path / "regions.db", genome, gene_list.genes, gene_list.skipped, run_info={}
        )
    with RegionDb(tmp_path / "regions.db") as database:
        regions, skipped = database.regions(), database.skipped()
        built = sum(gene.line == 0 for gene in gene_list.genes)
        assert database.input_gene_count() == len(gene_lines) + built
    region_lines = [
        gene.line
        for gene in gene_list.genes
        if gene.gene_id in {region.gene_id for region in regions}
    ]
    assert len(region_lines) == len(regions)
    counted = Counter(region_lines + [skip.line for skip in skipped if skip.is_gene])
    assert counted.pop(0, 0) == built
    assert counted == Counter(gene_lines)
    assert len({region.gene_id for region in regions}) == len(regions)


@settings(IN_A_FOLDER, max_examples=6)
@given(st.lists(GOOD_GENES, min_size=1, max_size=20), st.randoms())
def test_the_form_of_the_file_never_changes_the_gene_set(
    tmp_path: Path, rows: list[str], random: object
) -> None:
    expected = coordinates(read("".join(rows), tmp_path))
    shuffled = [*rows, "# a comment\n", "\n", "###\n", row("intron", attributes="Parent=nothing")]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    text = "".join(shuffled)
    for variant in (
        text.encode(),
        text.replace("\n", "\r\n").encode(),
        gzip.compress(text.encode()),
        b"".join(gzip.compress(line.encode()) for line in shuffled),
        ("\ufeff" + text).encode(),
        (text + "##FASTA\n>chr1\nACGT\n").encode(),
    ):
        assert coordinates(read(variant, tmp_path)) == expected


ANY_ROWS = st.builds(
    row,
    st.sampled_from(
        ["gene", "pseudogene", "ncRNA_gene", "mRNA", "tRNA", "exon", "CDS", "intron", "region"]
    ),
    st.integers(0, 90),
    st.integers(1, 120),
    st.dictionaries(
        st.sampled_from(["ID", "Parent", "gene_id", "locus_tag", "Name", "biotype"]),
        st.sampled_from(["a", "b", "c", "d", "a,b"]),
        max_size=4,
    ).map(lambda attributes: ";".join(f"{key}={value}" for key, value in attributes.items())),
    strand=st.sampled_from("+-."),
    seqid=st.sampled_from(["chr1", "chr2"]),
)


@settings(IN_A_FOLDER, max_examples=60)
@given(
    st.lists(ANY_ROWS, max_size=12),
    st.sampled_from([("gene",), ("gene", "pseudogene"), ("mRNA",)]),
    st.sampled_from(["builtin", "none"]),
)
def test_the_rows_of_the_file_add_up(
    tmp_path: Path, rows: list[str], feature_types: tuple[str, ...], sorter: Sorter
) -> None:
    sorted_gff = sort("".join(rows) + row(), tmp_path, sorter=sorter, feature_types=feature_types)
    origin = read_origin(sorted_gff)
    counts = origin.counts
    assert counts.read == len(rows) + 1
    not_used = sum(counts.orphans.values()) + sum(counts.others.values())
    assert counts.read == counts.genes + counts.parts + not_used + counts.malformed
    assert counts.malformed == len(origin.malformed_rows)
    written = [line.split("\t")[2] for line in rows_of(sorted_gff)]
    assert counts.genes + counts.built == sum(kind in feature_types for kind in written)


def test_what_is_not_used_is_counted_by_type_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = (
        row(attributes="ID=g;biotype=protein_coding")
        + row("mRNA", attributes="ID=t;Parent=g")
        + row("exon", attributes="Parent=t")
        + row("pseudogene", attributes="ID=p")
        + row("exon", attributes="Parent=p")
        + row("ncRNA_gene", attributes="ID=n")
        + row("exon", attributes="ID=alone")
        + row("region", start="x")
        + row("CDS", 500, 600, "Parent=c")
    )
    with caplog.at_level("INFO"):
        sort(text, tmp_path)
    assert caplog.messages == [
        "genes.gff3 has 9 rows: 1 gene (1 protein_coding), 3 of their parts; not used: 1 exon,"
        " 1 ncRNA_gene, 1 pseudogene; without a gene: 1 exon; malformed: 1;"
        " genes built from parts: 1"
    ]
