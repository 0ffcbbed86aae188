from annotation_files import row, rows_of, sort

from transgenic_dagster.input_genes.origin import read_origin

GENE = row(start=10, end=90, attributes="ID=g;Name=x")
MRNA = row("mRNA", 10, 90, "ID=t;Parent=g")
EXONS = [row("exon", start, start + 5, "Parent=t") for start in (10, 40, 80)]


def test_children_follow_their_parents(tmp_path):
    other = row(start=12, end=20, attributes="ID=other")
    rows = [EXONS[2], MRNA, other, EXONS[0], GENE, EXONS[1]]
    assert rows_of(sort("".join(rows), tmp_path)) == [GENE, MRNA, *EXONS, other]


def test_sequences_come_in_natural_order(tmp_path):
    rows = [row(seqid=seqid) for seqid in ("chr10", "chrM", "chr2", "scaffold_1", "1")]
    sorted_rows = rows_of(sort("".join(rows), tmp_path))
    assert [line.split("\t")[0] for line in sorted_rows] == [
        "1",
        "chr2",
        "chr10",
        "chrM",
        "scaffold_1",
    ]


def test_no_row_is_dropped_or_changed(tmp_path):
    rows = [
        row("region", 1, 5000, "ID=chr1"),
        row("CDS", 5, 9, "ID=c;Parent=missing"),
        row("CDS", 5, 9, "ID=c;Parent=missing"),
        row("match", 3, 4, "Target=a 1 2;Note=50%25 é"),
        GENE,
        row("exon", 20, 30, "Parent=t1,t2"),
        row("mRNA", 1, 2, "ID=loop;Parent=loop"),
        row("mRNA", 1, 2, "ID=a;Parent=b"),
        row("mRNA", 1, 2, "ID=b;Parent=a"),
        row("ncRNA", 7, 8, ""),
        row("ncRNA", 7, 8, "."),
    ]
    built = [row("gene", 5, 9, "ID=missing"), *(row("gene", 20, 30, f"ID=t{n}") for n in (1, 2))]
    assert sorted(rows_of(sort("".join(rows), tmp_path))) == sorted(rows + built)


def test_a_child_of_two_parents_is_written_once_under_the_first(tmp_path):
    second = row("mRNA", 10, 95, "ID=u;Parent=g")
    shared = row("exon", 10, 20, "Parent=t,u")
    assert rows_of(sort(shared + second + MRNA + GENE, tmp_path)) == [GENE, MRNA, shared, second]


def test_a_child_belongs_to_the_parent_on_its_own_sequence(tmp_path):
    there, here = row(seqid="chr2"), row()
    child = row("mRNA", attributes="ID=t;Parent=g", seqid="chr2")
    assert rows_of(sort(child + there + here, tmp_path)) == [here, there, child]


def test_of_several_parents_with_one_id_the_last_before_the_child_is_taken(tmp_path):
    first, second = row(start=1, end=50), row(start=100, end=150)
    child, early = (row("mRNA", start, start + 5, "Parent=g") for start in (120, 60))
    assert rows_of(sort(child + second + early + first, tmp_path)) == [
        first,
        early,
        second,
        child,
    ]


def test_a_child_that_begins_before_its_parent_still_follows_it(tmp_path):
    child = row("mRNA", 5, 90, "Parent=g")
    assert rows_of(sort(child + GENE, tmp_path)) == [GENE, child]


def test_no_sort_keeps_the_order_of_the_file(tmp_path):
    rows = [EXONS[2], MRNA, EXONS[0], GENE]
    assert rows_of(sort("".join(rows), tmp_path, sorter="none")) == rows


def test_the_origin_knows_lines_and_broken_rows(tmp_path):
    sorted_gff = sort("#\n" + MRNA + row(start="x") + GENE, tmp_path)
    origin = read_origin(sorted_gff)
    assert origin.annotation == "genes.gff3"
    assert origin.lines == [4, 2]
    assert [(broken.line, broken.feature_type) for broken in origin.malformed_rows] == [(3, "gene")]


def test_nothing_else_is_left_in_the_folder(tmp_path):
    sort(GENE, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "genes.gff3",
        "sorted.gff3",
        "sorted.gff3.origin.json",
    }


def test_gtf_becomes_gff3_with_all_its_features(tmp_path):
    text = (
        row("exon", 1, 50, 'gene_id "g"; transcript_id "t"; note "a;b, c=d";')
        + row("transcript", 1, 90, 'gene_id "g"; transcript_id "t";')
        + row("gene", 1, 90, 'gene_id "g"; gene_name "x y";')
    )
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 1, 90, "ID=g;gene_id=g;gene_name=x y"),
        row("transcript", 1, 90, "ID=t;Parent=g;gene_id=g;transcript_id=t"),
        row("exon", 1, 50, "Parent=t;gene_id=g;transcript_id=t;note=a%3Bb%2C c%3Dd"),
    ]


def test_gtf_rows_far_down_a_gff3_file_are_still_found(tmp_path):
    text = row() * 1200 + row("gene", 1, 9, 'gene_id "h";', seqid="chr2")
    assert rows_of(sort(text, tmp_path))[-1] == row("gene", 1, 9, "ID=h;gene_id=h", seqid="chr2")


def test_gtf_with_exons_alone_gets_transcripts_and_genes(tmp_path):
    attributes = 'gene_id "g"; transcript_id "t";'
    parts = "Parent=t;gene_id=g;transcript_id=t"
    text = row("exon", 60, 90, attributes) + row("exon", 1, 50, attributes)
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 1, 90, "ID=g"),
        row("transcript", 1, 90, "ID=t;Parent=g"),
        row("exon", 1, 50, parts),
        row("exon", 60, 90, parts),
    ]


def test_braker_transcript_named_on_two_rows_has_its_id_once(tmp_path):
    text = (
        row("gene", 1, 90, "g1")
        + row("transcript", 1, 90, "g1.t1")
        + row("mRNA", 1, 90, 'transcript_id "g1.t1"; gene_id "g1";')
    )
    assert rows_of(sort(text, tmp_path)) == [
        row("gene", 1, 90, "ID=g1"),
        row("transcript", 1, 90, "ID=g1.t1;Parent=g1"),
        row("mRNA", 1, 90, "Parent=g1;transcript_id=g1.t1;gene_id=g1"),
    ]
