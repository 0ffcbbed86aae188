"""Rows sorted by position, whatever letters they hold."""

import gzip

import pysam

from transgenic_dagster.gene_models.indexed_gff3 import IndexedGff3

ODD = "a\u2028b\x85c\x0bd\x1ce"
"""Letters that Python, but no GFF3, takes for the end of a line."""


def test_odd_letters_end_no_row_and_control_characters_are_encoded(tmp_path):
    late = f"c\ts\tgene\t50\t90\t.\t+\t.\tID=late;Note={ODD}\n"
    early = f"c\ts\tgene\t1\t90\t.\t+\t.\tID=early;Note={ODD}\n"
    rows = IndexedGff3(tmp_path / "rows.gff3")
    rows.write("##gff-version 3\n" + late + "###\n" + early)
    rows.finish(tmp_path / "out.gff3.gz")
    text = gzip.decompress((tmp_path / "out.gff3.gz").read_bytes()).decode()
    encoded = (row.replace("\x0b", "%0B").replace("\x1c", "%1C") for row in (early, late))
    assert text == "".join(["##gff-version 3\n", *encoded])
    with pysam.TabixFile(
        str(tmp_path / "out.gff3.gz"), index=str(tmp_path / "out.gff3.gz.csi"), encoding="utf-8"
    ) as file:
        assert [row.split("\t")[3] for row in file.fetch("c", 0, 20)] == ["1"]
