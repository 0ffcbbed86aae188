import xml.etree.ElementTree as ET

import pytest

from benchmarks import draw_refinement
from tests.assemblies import write_fasta

# A start at 10, an intron over [19, 49), and the stop codon over [55, 58); the model wrote 56.
DNA = "C" * 10 + "ATGAAAAAA" + "GT" + "T" * 26 + "AG" + "CCTCCTTAA" + "C" * 22
ROWS = (("five_prime_UTR", 5, 10), ("CDS", 11, 19), ("CDS", 50, 56), ("three_prime_UTR", 57, 70))
TRUE_ROWS = (*ROWS[:2], ("CDS", 50, 58), ("three_prime_UTR", 59, 70))


def write_gff(path, rows, attributes, strand="+"):
    lines = [f"s\tx\tmRNA\t5\t70\t.\t{strand}\t.\t{attributes}"]
    lines += [f"s\tx\t{kind}\t{a}\t{b}\t.\t{strand}\t.\tParent=t" for kind, a, b in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_picture_says_how_far_the_stop_moves(tmp_path):
    output = tmp_path / "gene.svg"
    draw_refinement.main(
        write_fasta(tmp_path / "g.fa", {"s": DNA}),
        write_gff(tmp_path / "a.gff3", TRUE_ROWS, "ID=t;Parent=G"),
        write_gff(tmp_path / "p.gff3", ROWS, "ID=t;Parent=uuid;GM=G"),
        "G",
        output,
    )
    texts = [element.text for element in ET.parse(output).iter() if element.text]
    assert "orf=complete, refined=stop:+2: the coding sequence is that of the annotation" in texts
    assert {"model output ends at 56", "refined end 58"} < set(texts)


def test_a_gene_on_the_reverse_strand_is_refused(tmp_path):
    gff = write_gff(tmp_path / "p.gff3", ROWS, "ID=t;Parent=G", strand="-")
    with pytest.raises(SystemExit, match="reverse strand"):
        draw_refinement.read_gene(gff, "G")
