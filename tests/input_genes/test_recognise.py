import gzip

import pytest
from annotation_files import read, row

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.recognise import recognise
from transgenic_dagster.input_genes.sorted_gff import sort_annotation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (row(), "gff3"),
        ("##gff-version 3\n#c\n\n" + row(), "gff3"),
        (row(attributes='gene_id "g";'), "gtf"),
        (row(seqid="1"), "gff3"),
        ("nonsense\n" * 50 + row(), "gff3"),
        ("chr1\t0\t9\ta\n", "bed"),
        ("chr1\t0\t9\t5\t6\t+\t0\t9\t0\t1\t9,\t0,\n", "bed"),
        ("1\t2\t3\t4\t5\t+\t2\t3\t0\n", "bed"),
        ("track name=a\nchr1 0 9 a\n", "bed"),
    ],
)
def test_format_is_recognised_by_content(text: str, expected: str) -> None:
    assert recognise("x", text) == expected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("##gff-version 3\n###\n", "has no rows, only comments"),
        (">chr1\nACGT\n", "is a FASTA file, not an annotation"),
        ("LOCUS       NC_1\n", "is a GenBank or EMBL file"),
        (b"BAM\1\0\0\0", "is not a text file"),
        ("a\tb\tc\n", "is neither GFF3, GTF nor BED.*line 1 is 'a.tb.tc'"),
        (row().replace("\t", " "), "is neither GFF3, GTF nor BED.*separated by tabs"),
        (row().encode("utf-16"), "is not a text file"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(row().encode() * 9000, mtime=0)[:-9], "is truncated or damaged"),
        (b"\x28\xb5\x2f\xfdabc", "is compressed with zstd"),
    ],
)
def test_what_is_no_annotation_is_refused_in_one_sentence(content, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence) as caught:
        read(content, tmp_path)
    assert "genes.gff3" in str(caught.value)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no\.gff3 does not exist; check its name"):
        sort_annotation(tmp_path / "no.gff3", tmp_path / "sorted.gff3")
