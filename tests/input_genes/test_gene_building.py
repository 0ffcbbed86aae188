"""Genes that are built because they have no rows."""

from pathlib import Path

import pytest
from annotation_files import coordinates, read, row, rows_of, sort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transgenic_dagster.errors import InputError


def test_transcripts_of_one_missing_gene_become_that_gene(tmp_path):
    text = (
        row("mRNA", 10, 50, "ID=t1;Parent=g")
        + row("mRNA", 20, 90, "ID=t2;Parent=g")
        + row("exon", 20, 90, "Parent=t2")
    )
    assert coordinates(read(text, tmp_path)) == {("chr1", 10, 90, "+", "g")}
    assert rows_of(sort(text, tmp_path))[0] == row("gene", 10, 90, "ID=g")


def test_parts_without_a_transcript_become_one_gene_each(tmp_path):
    text = "".join(
        row(kind, start, end, f"Parent={parent}", strand=strand)
        for kind, start, end, parent, strand in [
            ("CDS", 5, 9, "a", "+"),
            ("five_prime_UTR", 1, 4, "a", "+"),
            ("exon", 50, 60, "b,c", "-"),
            ("exon", 70, 80, "c", "-"),
        ]
    )
    assert coordinates(read(text, tmp_path)) == {
        ("chr1", 1, 9, "+", "a"),
        ("chr1", 50, 60, "-", "b"),
        ("chr1", 50, 80, "-", "c"),
    }


def test_a_transcript_without_a_parent_becomes_a_gene_of_its_own(tmp_path):
    text = row("mRNA", 10, 50, "ID=t") + row("exon", 10, 20, "Parent=t")
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 10, 50, "ID=t.gene"),
        row("mRNA", 10, 50, "ID=t;Parent=t.gene"),
        row("exon", 10, 20, "Parent=t"),
    ]


def test_prediction_with_cds_counts_as_a_transcript(tmp_path):
    text = row("prediction", 10, 50, "ID=p") + row("CDS", 10, 20, "Parent=p")
    assert coordinates(read(text, tmp_path)) == {("chr1", 10, 50, "+", "p.gene")}


def test_gtf_gene_ids_become_genes(tmp_path):
    text = "".join(
        row("exon", start, start + 9, f'gene_id "{gene}"; transcript_id "{transcript}";')
        for start, gene, transcript in [(1, "g", "t1"), (30, "g", "t2"), (50, "h", "h")]
    )
    assert coordinates(read(text, tmp_path)) == {
        ("chr1", 1, 39, "+", "g"),
        ("chr1", 50, 59, "+", "h"),
    }


def test_a_gene_id_on_two_sequences_becomes_two_genes(tmp_path):
    text = row("exon", attributes='gene_id "g";') + row(
        "exon", attributes='gene_id "g";', seqid="chr2"
    )
    assert {gene.gene_id for gene in read(text, tmp_path).genes} == {"g", "g-2"}


def test_parts_on_both_strands_give_a_gene_without_strand(tmp_path):
    text = row("CDS", 1, 9, "Parent=t") + row("CDS", 20, 29, "Parent=t", strand="-")
    assert coordinates(read(text, tmp_path)) == {("chr1", 1, 29, ".", "t")}


def test_genes_are_built_beside_those_that_have_rows(tmp_path):
    text = row() + row("exon", 500, 600, "Parent=elsewhere")
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == ["g", "elsewhere"]


@pytest.mark.parametrize(
    "covered",
    [
        row("mRNA", attributes="ID=t;Parent=g"),
        row("mRNA", 5, 90, "ID=t"),
        row("CDS", 5, 90, "ID=c"),
        row("CDS", 500, 600, "ID=c;locus_tag=tag"),
        row("exon", 500, 600, "Parent=t;gene_id=g"),
        row("exon", 500, 600, "Parent=name"),
        row("mRNA", attributes="ID=t;Parent=g") + row("exon", attributes="Parent=t;gene_id=x"),
    ],
)
def test_no_gene_is_built_for_what_a_gene_covers(covered, tmp_path):
    text = row(attributes="ID=g;Name=name;locus_tag=tag") + covered
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == ["g"]


@pytest.mark.parametrize(
    ("uncovered", "strand", "gene_id"),
    [
        (row("mRNA", 5, 101, "ID=t"), "+", "t.gene"),
        (row("mRNA", 5, 90, "ID=t", strand="-"), "-", "t.gene"),
        (row("mRNA", 5, 90, "ID=t;Parent=nested"), "+", "nested"),
    ],
)
def test_a_gene_on_the_other_strand_or_with_a_name_of_its_own_is_built(
    uncovered, strand, gene_id, tmp_path
):
    genes = read(row() + uncovered, tmp_path).genes
    assert [(gene.gene_id, gene.strand) for gene in genes if gene.line == 0] == [(gene_id, strand)]


def test_the_row_of_a_broken_gene_still_covers_its_parts(tmp_path):
    text = row(start="x") + row("mRNA", 5, 9, "ID=t;Parent=g") + row("CDS", 50, 60, "Parent=h")
    gene_list = read(text, tmp_path)
    assert [gene.gene_id for gene in gene_list.genes] == ["h"]
    assert [(skip.line, skip.is_gene) for skip in gene_list.skipped] == [(1, True)]


def test_gtf_with_rows_of_some_genes_gives_the_others_too(tmp_path):
    text = (
        row(attributes='gene_id "g";')
        + row("CDS", 5, 90, 'gene_id "g"; transcript_id "g.t";')
        + row("CDS", 205, 290, 'gene_id "h"; transcript_id "h.t";')
    )
    assert coordinates(read(text, tmp_path)) == {
        ("chr1", 1, 100, "+", "g"),
        ("chr1", 205, 290, "+", "h"),
    }


def test_a_transcript_without_gene_id_belongs_to_the_gene_of_its_exons(tmp_path):
    text = row("transcript", 1, 90, 'transcript_id "t";') + row(
        "exon", 1, 50, 'gene_id "g"; transcript_id "t";'
    )
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 1, 90, "ID=g"),
        row("transcript", 1, 90, "ID=t;transcript_id=t;Parent=g"),
        row("exon", 1, 50, "Parent=t;gene_id=g;transcript_id=t"),
    ]


def test_coding_parts_of_bacteria_and_organelles_become_genes(tmp_path):
    text = (
        row("gene", 1, 90, "ID=P_1_gene;locus_tag=P_1")
        + row("CDS", 1, 90, "ID=P_1;Parent=P_1_gene;locus_tag=P_1")
        + row("CDS", 200, 290, "ID=P_2;locus_tag=P_2")
        + row("tRNA", 300, 370, "ID=P_3;locus_tag=P_3")
        + row("CDS", 400, 450, "ID=cox1")
        + row("CDS", 460, 490, "ID=cox1")
        + row("CDS", 500, 590, "gene=ND2")
        + row("CDS", 600, 690, "Name=atp6")
    )
    assert coordinates(read(text, tmp_path)) == {
        ("chr1", 1, 90, "+", "P_1_gene"),
        ("chr1", 200, 290, "+", "P_2.gene"),
        ("chr1", 300, 370, "+", "P_3.gene"),
        ("chr1", 400, 490, "+", "cox1.gene"),
        ("chr1", 500, 590, "+", "ND2"),
        ("chr1", 600, 690, "+", "atp6"),
    }
    assert row("CDS", 600, 690, "Name=atp6;Parent=atp6") in rows_of(sort(text, tmp_path))


def test_transcripts_of_one_locus_tag_are_one_gene(tmp_path):
    text = row("CDS", 1, 9, "Parent=t;locus_tag=l") + row("CDS", 20, 29, "Parent=u;locus_tag=l")
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 1, 29, "ID=l"),
        row("transcript", 1, 9, "ID=t;Parent=l"),
        row("CDS", 1, 9, "Parent=t;locus_tag=l"),
        row("transcript", 20, 29, "ID=u;Parent=l"),
        row("CDS", 20, 29, "Parent=u;locus_tag=l"),
    ]


def test_exons_as_snap_and_fgenesh_name_them_become_genes(tmp_path):
    text = "".join(
        row(kind, start, start + 9, name)
        for kind, start, name in [
            ("Einit", 1, "m1"),
            ("Exon", 20, "m1"),
            ("Eterm", 40, "m1"),
            ("Esngl", 100, "m2"),
            ("CDSo", 200, "m3"),
        ]
    )
    assert coordinates(read(text, tmp_path)) == {
        ("chr1", 1, 49, "+", "m1"),
        ("chr1", 100, 109, "+", "m2"),
        ("chr1", 200, 209, "+", "m3"),
    }


@pytest.mark.parametrize("gene_type", ["pseudogene", "ncRNA_gene", "transposable_element_gene"])
def test_rows_of_another_type_of_gene_are_not_turned_into_genes(gene_type, tmp_path):
    text = (
        row(gene_type, attributes="ID=p")
        + row("transcript", attributes="ID=t;Parent=p")
        + row("exon", attributes="Parent=t")
        + row("exon", attributes="Parent=p")
    )
    with pytest.raises(InputError, match=rf"no row of type gene.*{gene_type} \(1\)"):
        read(text, tmp_path)
    assert len(read(text, tmp_path, feature_types=(gene_type,)).genes) == 1


def test_alignments_are_no_genes(tmp_path):
    text = row("match", attributes="ID=m") + row("match_part", attributes="Parent=m")
    with pytest.raises(InputError, match="no row of type gene"):
        read(text, tmp_path)


def test_genes_keep_encoded_identifiers(tmp_path):
    text = row("CDS", attributes="Parent=a%3Bb")
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == ["a;b"]


def test_built_genes_have_their_place_without_sorting(tmp_path):
    text = row("CDS", 500, 600, "Parent=b") + row("CDS", 5, 9, "Parent=a")
    genes = read(text, tmp_path, sorter="none").genes
    assert [(gene.gene_id, gene.line) for gene in genes] == [("b", 0), ("a", 0)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chr1", "chr2"]),
            st.integers(1, 500),
            st.integers(0, 90),
            st.sampled_from(["g", "h i", "g;1"]),
            st.sampled_from(["t1", "t2", "g"]),
            st.sampled_from("+-"),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(),
    st.sampled_from(["gtf", "parents"]),
)
def test_genes_span_their_parts_in_whatever_order_they_come(
    tmp_path: Path, parts: list[tuple[str, int, int, str, str, str]], random: object, form: str
) -> None:
    expected: dict[tuple[str, str], tuple[int, int, str]] = {}
    rows = []
    for seqid, start, length, gene, transcript, strand in parts:
        end = start + length
        low, high, known = expected.get((seqid, gene), (start, end, strand))
        both = strand if strand == known else "."
        expected[seqid, gene] = (min(low, start), max(high, end), both)
        if form == "gtf":
            attributes = f'gene_id "{gene}"; transcript_id "{transcript}";'
        else:
            attributes = f"Parent={gene.replace(';', '%3B')}"
        rows.append(row("exon", start, end, attributes, seqid=seqid, strand=strand))
    random.shuffle(rows)  # type: ignore[attr-defined]
    found = {
        (seqid, start, end, strand)
        for seqid, start, end, strand, _ in coordinates(read("".join(rows), tmp_path))
    }
    assert found == {(seqid, *span) for (seqid, _), span in expected.items()}
