import pytest
from annotation_files import coordinates, read, row

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes import annotation_text
from transgenic_dagster.sequences import compression

GENE = row()


@pytest.mark.parametrize(
    ("attributes", "gene_id"),
    [
        ("ID=a;Name=b", "a"),
        ("Name=b;locus_tag=c", "b"),
        ("locus_tag=c", "c"),
        ("gene_id=d;Name=b", "d"),
        ("ID=;Name=b", "b"),
        ("Note=nothing", "chr1:1-100"),
        (".", "chr1:1-100"),
        ("", "chr1:1-100"),
        ("ID=a%3Bb", "a;b"),
        ('ID=it\'s "quoted"', 'it\'s "quoted"'),
        ("ID=gène é", "gène é"),
        ("ID=gene one", "gene one"),
        ("ID=100%", "100%"),
        (" ID = a ; Name=b", "a"),
        (";ID=a", "a"),
        ('gene_id "g1"; gene_name "x";', "g1"),
        ('gene_id "g;1"; ID "id 1"', "id 1"),
        ("gene_id g1; note a=b", "g1"),
        ("protein_coding;ID=a", "a"),
        ("g1", "g1"),
    ],
)
def test_identifier_comes_from_the_first_attribute_that_has_one(attributes, gene_id, tmp_path):
    (gene,) = read(row(attributes=attributes), tmp_path).genes
    assert gene.gene_id == gene_id


def test_bytes_of_windows_1252_are_read_as_such(tmp_path):
    text = row(attributes="ID=a;Note=caf").encode()[:-1] + b"\xe9 \x96 \x81\n"
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == ["a"]
    assert "Note=café \u2013 \x81" in (tmp_path / "sorted.gff3").read_text(encoding="utf-8")


def test_coordinates_are_half_open_and_lines_are_those_of_the_file(tmp_path):
    text = "##gff-version 3\n\n# note\n" + row(start=5, end=9, attributes="ID=b", strand="-")
    (gene,) = read(text, tmp_path).genes
    assert (gene.seqid, gene.start, gene.end, gene.strand, gene.line) == ("chr1", 4, 9, "-", 4)


def test_genes_come_in_natural_order_of_sequences_then_by_place(tmp_path):
    text = "".join(
        row(start=start, end=end, attributes=f"ID={seqid}:{start}-{end}", seqid=seqid)
        for seqid, start, end in [
            ("chr10", 1, 5),
            ("chr2", 7, 9),
            ("chr2", 1, 9),
            ("chr2", 1, 3),
            ("chrX", 1, 2),
        ]
    )
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == [
        "chr2:1-3",
        "chr2:1-9",
        "chr2:7-9",
        "chr10:1-5",
        "chrX:1-2",
    ]


def test_no_sort_keeps_the_order_of_the_file(tmp_path):
    text = row(attributes="ID=b", seqid="chr2") + row(start=50, attributes="ID=c") + row()
    genes = read(text, tmp_path, sorter="none").genes
    assert [(gene.gene_id, gene.line) for gene in genes] == [("b", 1), ("c", 2), ("g", 3)]


def test_exact_duplicates_are_skipped_and_listed(tmp_path):
    gene_list = read(GENE + row(strand="-") + GENE, tmp_path)
    assert len(gene_list.genes) == 1
    assert [(skip.reason, skip.line, skip.gene_id) for skip in gene_list.skipped] == [
        ("duplicate", 2, "g"),
        ("duplicate", 3, "g"),
    ]
    assert gene_list.skipped[0].detail == (
        "genes.gff3, line 2: the gene repeats the one on line 1."
    )


def test_an_identifier_used_again_elsewhere_is_made_unique(tmp_path):
    text = GENE + row(start=2) + row(start=3) + row(start=4, attributes="ID=g-2")
    assert [gene.gene_id for gene in read(text, tmp_path).genes] == ["g", "g-3", "g-4", "g-2"]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("chr1\tx\tgene\t1\t9\t.\t+\t.\n", "has 8 tab-separated columns instead of 9"),
        (row(attributes="ID=a\tb"), "has 10 tab-separated columns instead of 9"),
        ("chr1 x gene 1 9 . + . ID=a\n", "has 1 tab-separated column instead of 9"),
        (row(start="x"), 'has the start "x", which is not a whole number'),
        (row(end="9.5"), 'has the end "9.5", which is not a whole number'),
        (row(end="9" * 30), 'has the end "' + "9" * 30 + '", which is not a whole number'),
        (row(start=0), "has the start 0, but positions begin at 1"),
        (row(start=-5), 'has the start "-5", which is not a whole number'),
        (row(start=7, end=6), "has invalid coordinates 7..6: the start is after the end"),
        (row(strand="x"), 'has the strand "x", which is not one of + - . ?'),
        (row(seqid=""), "has no sequence name in column 1"),
        (row(""), "has no feature type in column 3"),
    ],
)
def test_broken_rows_are_listed_with_their_line(broken, problem, tmp_path):
    gene_list = read("# note\n" + broken + row(attributes="ID=good"), tmp_path)
    assert [gene.gene_id for gene in gene_list.genes] == ["good"]
    (skip,) = gene_list.skipped
    assert (skip.reason, skip.line) == ("bad_row", 2)
    assert skip.detail == f"genes.gff3, line 2: the row {problem}."
    assert skip.is_gene == ("\tgene\t" in broken)


def test_a_broken_exon_is_listed_but_is_no_gene(tmp_path):
    (skip,) = read(GENE + row("exon", start=5, end=4), tmp_path).skipped
    assert not skip.is_gene


@pytest.mark.parametrize("strand", ["+", "-", ".", "?"])
def test_strands_stay_as_they_are(strand, tmp_path):
    assert read(row(strand=strand), tmp_path).genes[0].strand == strand


def test_a_star_for_no_strand_becomes_a_dot(tmp_path):
    assert read(row(strand="*"), tmp_path).genes[0].strand == "."


def test_feature_types_choose_the_rows(tmp_path):
    text = GENE + row("pseudogene", start=200, end=300, attributes="ID=p") + row("mRNA")
    assert len(read(text, tmp_path).genes) == 1
    both = read(text, tmp_path, feature_types=("gene", "pseudogene"))
    assert [gene.gene_id for gene in both.genes] == ["g", "p"]


def test_rows_after_embedded_sequences_still_count(tmp_path):
    fasta = "##FASTA\n>chr1 test\nACGT\nACGT\n"
    text = GENE + fasta + "##gff-version 3\n" + row(seqid="chr2", attributes="ID=late")
    gene_list = read(text, tmp_path)
    assert [(gene.gene_id, gene.line) for gene in gene_list.genes] == [("g", 1), ("late", 7)]
    assert gene_list.skipped == []


@pytest.mark.parametrize("size", [1, 7, 64, 200])
def test_blocks_of_the_file_do_not_show(size, tmp_path, monkeypatch):
    monkeypatch.setattr(
        annotation_text, "read_blocks", lambda path, **_: compression.read_blocks(path, size)
    )
    text = (
        "# a long comment\n" * 20
        + row(attributes="ID=a")
        + ">chr1\n"
        + "ACGT\n" * 90
        + GENE
        + "ACGT\n" * 90
        + row(seqid="chr2")
    )
    gene_list = read(text, tmp_path)
    assert [(gene.seqid, gene.line) for gene in gene_list.genes] == [
        ("chr1", 21),
        ("chr1", 113),
        ("chr2", 204),
    ]
    assert gene_list.skipped == []


def test_sequences_may_begin_without_the_directive(tmp_path):
    assert len(read(GENE + ">chr1\nACGT\n", tmp_path).genes) == 1


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(line_end, tmp_path):
    text = ("\ufeff##gff-version 3\n \t\n" + GENE + row(start=2, attributes="ID=b")).replace(
        "\n", line_end
    )
    assert [gene.line for gene in read(text, tmp_path).genes] == [3, 4]


def test_a_last_line_without_line_end_counts(tmp_path):
    assert len(read(GENE.rstrip("\n"), tmp_path).genes) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (row("mRNA"), r"no row of type gene, and no exons .* mRNA \(1\)"),
        (
            row(start=9, end=1),
            "the only one is malformed: line 1 has invalid coordinates 9..1",
        ),
        (
            row("exon") + row(start=9, end=1),
            "no usable row of type gene: the only one is malformed",
        ),
    ],
)
def test_annotation_without_genes_is_refused(text, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence):
        read(text.replace("ID=g", "Note=x"), tmp_path)


def test_wanted_type_that_does_not_occur_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no row of type pseudogene.*gene \(1\)"):
        read(GENE, tmp_path, feature_types=("pseudogene",))


def test_bed_rows_are_genes(tmp_path):
    text = (
        "track name=x\nbrowser position chr1\n#c\n"
        "chr1\t0\t100\tg;1=%\t5\t-\nchr1\t10\t20\tb\nchr1\t30\t40\t.\n"
    )
    assert coordinates(read(text, tmp_path, name="x.bed")) == {
        ("chr1", 1, 100, "-", "g;1=%"),
        ("chr1", 11, 20, ".", "b"),
        ("chr1", 31, 40, ".", "chr1:31-40"),
    }


def test_bed_may_use_blanks(tmp_path):
    assert coordinates(read("chr1  0 9   a 1 +\n", tmp_path)) == {("chr1", 1, 9, "+", "a")}


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("chr1\t5\t9\n", "has 3 columns, but BED with names has at least 4"),
        ("chr1\t9\t9\ta\n", "has invalid coordinates 9..9: the start is not before the end"),
        ("chr1\tx\t9\ta\n", 'has the start "x", which is not a whole number'),
        ("chr1\t5\ty\ta\n", 'has the end "y", which is not a whole number'),
        ("chr1\t5\t9\ta\t0\tx\n", 'has the strand "x", which is not one of + - .'),
    ],
)
def test_broken_bed_rows_are_listed(broken, problem, tmp_path):
    (skip,) = read("chr1\t0\t9\tgood\n" + broken, tmp_path).skipped
    assert (skip.line, skip.detail) == (2, f"genes.gff3, line 2: the row {problem}.")
    assert skip.is_gene
