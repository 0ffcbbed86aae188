import gzip

import pytest

from tests.evaluation.annotations import annotation, transcript, write
from transgenic_dagster.errors import InputError
from transgenic_dagster.evaluation.annotation_reader import read_transcripts

GTF = """\
chr1\tx\texon\t100\t200\t.\t+\t.\tgene_id "g1"; transcript_id "g1.t1";
chr1\tx\texon\t300\t400\t.\t+\t.\tgene_id "g1"; transcript_id "g1.t1";
chr1\tx\tCDS\t150\t200\t.\t+\t0\tgene_id "g1"; transcript_id "g1.t1";
chr1\tx\tCDS\t300\t350\t.\t+\t0\tgene_id "g1"; transcript_id "g1.t1";
chr1\tx\tstop_codon\t351\t353\t.\t+\t0\tgene_id "g1"; transcript_id "g1.t1";
chr1\tx\tstart_codon\t150\t152\t.\t+\t0\tgene_id "g1"; transcript_id "g1.t1";
"""
BRAKER = """\
chr1\tAUGUSTUS\tgene\t100\t400\t.\t-\t.\tg1
chr1\tAUGUSTUS\ttranscript\t100\t400\t.\t-\t.\tg1.t1
chr1\tAUGUSTUS\tCDS\t100\t200\t.\t-\t2\ttranscript_id "g1.t1"; gene_id "g1";
chr1\tAUGUSTUS\tintron\t201\t299\t.\t-\t.\ttranscript_id "g1.t1"; gene_id "g1";
chr1\tAUGUSTUS\tCDS\t300\t400\t.\t-\t0\ttranscript_id "g1.t1"; gene_id "g1";
"""
ENSEMBL = """\
1\tx\tgene\t100\t400\t.\t+\t.\tID=gene:G1;biotype=protein_coding
1\tx\tmRNA\t100\t400\t.\t+\t.\tID=transcript:T1;Parent=gene:G1
1\tx\tfive_prime_UTR\t100\t149\t.\t+\t.\tParent=transcript:T1
1\tx\texon\t100\t400\t.\t+\t.\tParent=transcript:T1;Name=E1
1\tx\tCDS\t150\t350\t.\t+\t0\tID=CDS:P1;Parent=transcript:T1
1\tx\tncRNA_gene\t900\t990\t.\t-\t.\tID=gene:G2
1\tx\ttRNA\t900\t990\t.\t-\t.\tID=transcript:T2;Parent=gene:G2
"""


def only(path):
    (transcripts,) = read_transcripts(path).transcripts.values()
    return transcripts


def text_file(tmp_path, text, name="genes"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_gtf_without_genes_and_transcripts(tmp_path):
    (one,) = only(text_file(tmp_path, GTF))
    assert (one.transcript_id, one.gene_id, one.strand) == ("g1.t1", "g1", "+")
    assert one.exons == ((99, 200), (299, 400))
    assert one.introns == ((200, 299),)


def test_stop_codons_outside_of_cds_are_coding(tmp_path):
    (one,) = only(text_file(tmp_path, GTF))
    assert one.cds == ((149, 200), (299, 353))
    assert one.phases == (0, 0)


def test_braker_names_genes_and_transcripts_by_a_word(tmp_path):
    (one,) = only(text_file(tmp_path, BRAKER))
    assert (one.transcript_id, one.gene_id) == ("g1.t1", "g1")
    assert one.exons == one.cds == ((99, 200), (299, 400))
    assert one.phases == (2, 0)


def test_ensembl_genes_of_any_kind(tmp_path):
    coding, noncoding = only(text_file(tmp_path, ENSEMBL))
    assert (coding.gene_id, coding.exons, coding.cds) == ("gene:G1", ((99, 400),), ((149, 350),))
    assert (noncoding.gene_id, noncoding.exons, noncoding.cds) == ("gene:G2", ((899, 990),), ())


def test_the_order_of_rows_does_not_matter(tmp_path):
    rows = ENSEMBL.splitlines(keepends=True)
    forward = only(text_file(tmp_path, ENSEMBL, "forward"))
    backward = only(text_file(tmp_path, "".join(rows[::-1]), "backward"))
    assert {(one.transcript_id, one.exons, one.cds, one.gene_id) for one in forward} == {
        (one.transcript_id, one.exons, one.cds, one.gene_id) for one in backward
    }


def test_exons_are_the_union_of_cds_and_utr(tmp_path):
    rows = [row for row in ENSEMBL.splitlines(keepends=True) if "\texon\t" not in row]
    coding, _ = only(text_file(tmp_path, "".join(rows)))
    assert coding.exons == ((99, 350),)


def test_an_exon_may_belong_to_several_transcripts(tmp_path):
    text = "".join(f"c\tx\tmRNA\t1\t90\t.\t+\t.\tID={name};Parent=g\n" for name in ("a", "b"))
    text += "c\tx\texon\t1\t30\t.\t+\t.\tParent=a,b\nc\tx\texon\t50\t90\t.\t+\t.\tParent=b\n"
    first, second = only(text_file(tmp_path, text))
    assert first.exons == ((0, 30),)
    assert second.exons == ((0, 30), (49, 90))


def test_parts_of_proteins_are_left_out(tmp_path):
    text = ENSEMBL + "1\tx\tprotein\t150\t350\t.\t+\t.\tID=P1;Derives_from=transcript:T1\n"
    text += "1\tx\tCDS\t150\t350\t.\t+\t0\tParent=P1\n"
    assert len(only(text_file(tmp_path, text))) == 2


def test_levels_count_what_lies_above(tmp_path):
    head = "c\tx\t{}\t1\t90\t.\t+\t.\tID={}"
    rows = [head.format("gene", "g"), head.format("miRNA", "m") + ";Parent=p"]
    rows += [head.format("primary_transcript", "p") + ";Parent=g"]
    found = only(text_file(tmp_path, "\n".join(rows) + "\n"))
    assert {one.transcript_id: (one.gene_id, one.level) for one in found} == {
        "m": ("g", 2),
        "p": ("g", 1),
    }


def test_programs_that_call_transcripts_otherwise_are_read(tmp_path):
    text = "c\tGeMoMa\tprediction\t1\t90\t.\t+\t.\tID=p\nc\tGeMoMa\tCDS\t1\t90\t.\t+\t0\tParent=p\n"
    (one,) = only(text_file(tmp_path, text))
    assert one.transcript_id == "p"


def test_parts_of_a_gene_with_transcripts_are_a_transcript_but_no_isoform(tmp_path):
    from transgenic_dagster.evaluation.isoforms import isoforms

    text = ENSEMBL + "1\tx\texon\t100\t400\t.\t+\t.\tID=e;Parent=gene:G1\n"
    transcripts = only(text_file(tmp_path, text))
    assert {one.transcript_id for one in transcripts} == {
        *("transcript:T1", "transcript:T2", "gene:G1")
    }
    assert {one.transcript_id for one in isoforms(transcripts)} == {
        *("transcript:T1", "transcript:T2")
    }


def test_cds_of_a_gene_is_that_of_its_only_transcript(tmp_path):
    from transgenic_dagster.evaluation.isoforms import isoforms

    text = ENSEMBL.replace("ID=CDS:P1;Parent=transcript:T1", "ID=CDS:P1;Parent=gene:G1")
    coding = isoforms(only(text_file(tmp_path, text)))[0]
    assert (coding.transcript_id, coding.cds) == ("transcript:T1", ((149, 350),))


def test_compressed_files_with_windows_line_ends(tmp_path):
    path = tmp_path / "genes.gff3.gz"
    path.write_bytes(gzip.compress(ENSEMBL.replace("\n", "\r\n").encode()))
    assert len(only(path)) == 2


def test_identifiers_are_decoded(tmp_path):
    (one,) = annotation(tmp_path, transcript("a%2Cb", "1-90")).transcripts["chr1"]
    assert (one.transcript_id, one.gene_id) == ("a,b", "a,b.g")


def test_origins_of_our_own_genes_are_told(tmp_path):
    text = ENSEMBL.replace("ID=gene:G1;", "ID=gene:G1;GM=input1;").replace(
        "ID=gene:G2", "ID=gene:G2;GM=input2;kept=truncated"
    )
    assert read_transcripts(text_file(tmp_path, text)).origins == {("1", "gene:G1"): "input1"}


def test_rows_that_cannot_be_read_are_left_out_with_a_warning(tmp_path, caplog):
    path = text_file(tmp_path, ENSEMBL + "1\tx\texon\tnine\t10\t.\t+\t.\tParent=transcript:T1\n")
    assert len(only(path)) == 2
    assert "1 rows cannot be read and were left out, the first on line 8" in caplog.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("##gff-version 3\n", "has no rows"),
        ("chr1\t0\t100\tg1\n", "is BED, which has no exons to compare: give GFF3 or GTF."),
        ("c\tx\tgene\t1\t90\t.\t+\t.\tID=g\n", "has no transcripts: an evaluation needs"),
    ],
)
def test_files_without_transcripts_are_refused_in_a_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence):
        read_transcripts(text_file(tmp_path, text))


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.gff3"):
        read_transcripts(tmp_path / "absent.gff3")


def test_written_transcripts_are_read(tmp_path):
    path = write(tmp_path, "a.gff3", transcript("a", "10-20,30-40", "-", cds="15-20,30-33"))
    (one,) = only(path)
    assert (one.strand, one.exons, one.cds) == ("-", ((9, 20), (29, 40)), ((14, 20), (29, 33)))
