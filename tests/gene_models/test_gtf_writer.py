import io

from gene_builders import gene_of
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.evaluation.annotation_reader import read_any_transcripts
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.gtf_writer import GtfWriter

CODING = "ATG" + "GCC" * 21 + "TAA"


def gtf_of(*lines):
    handle = io.StringIO()
    writer = GtfWriter(handle)
    for line in lines:
        writer.write(line)
    writer.finish()
    return [line.split("\t") for line in handle.getvalue().splitlines()]


def predicted(clean, dna):
    handle = io.StringIO()
    Gff3Writer(handle).write_gene(gene_of(clean, dna))
    return handle.getvalue()


def places(rows, kind):
    return [(int(row[3]) - 5000, int(row[4]) - 5000, row[7]) for row in rows if row[2] == kind]


def test_the_stop_codon_is_no_part_of_the_cds_and_may_be_split():
    dna = CODING[:67] + "N" * 33 + CODING[67:] + "N" * 60
    rows = gtf_of(predicted("0|CDS1|67|+|A;100|CDS2|102|+|A>CDS1|CDS2", dna))
    assert [row[2] for row in rows] == [
        *("gene", "transcript", "exon", "CDS", "exon"),
        *("start_codon", "stop_codon", "stop_codon"),
    ]
    assert places(rows, "CDS") == [(1, 66, "0")]
    assert places(rows, "start_codon") == [(1, 3, "0")]
    assert places(rows, "stop_codon") == [(67, 67, "0"), (101, 102, "2")]


def test_codons_are_read_along_the_strand():
    reverse = CODING[::-1].translate(str.maketrans("ACGT", "TGCA"))
    rows = gtf_of(
        predicted(
            "0|CDS1|69|-|A;69|five_prime_UTR1|90|-|.>five_prime_UTR1|CDS1", reverse + "C" * 60
        )
    )
    assert places(rows, "CDS") == [(4, 69, "0")]
    assert places(rows, "start_codon") == [(67, 69, "0")]
    assert places(rows, "stop_codon") == [(1, 3, "0")]
    assert places(rows, "five_prime_utr") == [(70, 90, ".")]


def test_rows_name_gene_and_transcript_as_the_gff3_does():
    rows = gtf_of(predicted("0|CDS1|3|+|A>CDS1", "AAA" + "C" * 60))
    assert rows[0][8] == 'gene_id "gene:gene1";'
    assert {row[8] for row in rows[1:]} == {'gene_id "gene:gene1"; transcript_id "mRNA:gene1.t1";'}


def test_rows_of_the_input_stay_as_they_are():
    rows = gtf_of(
        "c\ts\tgene\t1\t90\t.\t+\t.\tID=g;Name=a%3Bb\n",
        "c\ts\ttRNA\t1\t90\t.\t+\t.\tID=t;Parent=g\n",
        "c\ts\texon\t1\t90\t.\t+\t.\tParent=t,g\n",
        '###\nc\ts\tgene\t100\t190\t.\t+\t.\tID=a"b\n',
    )
    assert [(row[2], row[8]) for row in rows] == [
        ("gene", 'gene_id "g"; gene_name "a%3Bb";'),
        ("transcript", 'gene_id "g"; gene_name "a%3Bb"; transcript_id "g";'),
        ("exon", 'gene_id "g"; gene_name "a%3Bb"; transcript_id "g";'),
        ("transcript", 'gene_id "g"; gene_name "a%3Bb"; transcript_id "t";'),
        ("exon", 'gene_id "g"; gene_name "a%3Bb"; transcript_id "t";'),
        ("gene", 'gene_id "a%22b";'),
    ]


@given(st.lists(st.integers(1, 5), min_size=3, max_size=9), st.sampled_from("+-"))
def test_cds_and_stop_codon_together_are_the_cds_of_the_gff3(lengths, strand):
    start, rows = 1, ["c\ts\tgene\t1\t999\t.\t+\t.\tID=g\n"]
    rows.append(f"c\ts\tmRNA\t1\t999\t.\t{strand}\t.\tID=t;Parent=g;stop_codon=1\n")
    coding = set()
    for length in lengths:
        coding |= set(range(start, start + length))
        rows.append(f"c\ts\tCDS\t{start}\t{start + length - 1}\t.\t{strand}\t0\tParent=t\n")
        start += length + 10
    made = gtf_of(*rows)
    bases = {kind: set() for kind in ("CDS", "stop_codon")}
    for row in made:
        if row[2] in bases:
            bases[row[2]] |= set(range(int(row[3]), int(row[4]) + 1))
    assert bases["CDS"] | bases["stop_codon"] == coding
    assert bases["stop_codon"] == set(sorted(coding)[-3:] if strand == "+" else sorted(coding)[:3])


def test_the_gtf_reads_back_as_the_same_exons(tmp_path):
    text = predicted(
        "0|CDS1|67|+|A;100|CDS2|102|+|A>CDS1|CDS2", CODING[:67] + "N" * 33 + "AA" + "N" * 60
    )
    for name, content in (
        ("a.gff3", "##gff-version 3\n" + text),
        ("a.gtf", "".join("\t".join(row) + "\n" for row in gtf_of(text))),
    ):
        (tmp_path / name).write_text(content)
    one, other = (read_any_transcripts(tmp_path / name) for name in ("a.gff3", "a.gtf"))
    assert len(one.transcripts) == len(other.transcripts) == 1


def test_odd_letters_end_no_row():
    handle = io.StringIO()
    writer = GtfWriter(handle)
    writer.write("c\ts\tgene\t1\t90\t.\t+\t.\tID=g;Name=a\u2028b\x85c\x0bd\n")
    writer.finish()
    assert handle.getvalue().endswith('gene_id "g"; gene_name "a\u2028b\x85c\x0bd";\n')
