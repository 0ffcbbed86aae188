"""Annotations as programs write them, where only some genes have rows of their own."""

from pathlib import Path

import pytest
from annotation_files import coordinates, read, row

from transgenic_dagster.input_genes.origin import RowCounts, read_origin


def gtf(number: int) -> str:
    return f'gene_id "{number}_g"; transcript_id "{number}_t";'


def genes_and_counts(text: str, folder: Path) -> tuple[set[tuple[int, int, str, str]], RowCounts]:
    """Return the genes as (start, end, strand, ID), and what became of the rows."""
    genes = coordinates(read(text, folder))
    counts = read_origin(folder / "sorted.gff3").counts
    unused = sum(counts.orphans.values()) + sum(counts.others.values())
    assert counts.read == text.count("\n")
    assert counts.read == counts.genes + counts.parts + unused + counts.malformed
    assert counts.genes + counts.built == len(genes)
    return {gene[1:] for gene in genes}, counts


def test_genemark_as_braker_runs_it(tmp_path):
    text = (
        row("gene", 100, 400, 'gene_id "1_g";')
        + row("mRNA", 100, 400, gtf(1))
        + row("start_codon", 100, 102, gtf(1))
        + row("CDS", 100, 200, f'{gtf(1)} cds_type "Initial"; count "1_2";')
        + row("intron", 201, 299, gtf(1))
        + row("CDS", 300, 400, gtf(1))
        + row("CDS", 210, 260, gtf(2))  # in the intron of another
        + row("CDS", 500, 600, gtf(3))
        + row("exon", 500, 600, gtf(3))
        + row("intron", 601, 699, gtf(3))
        + row("CDS", 700, 800, gtf(3))
        + row("stop_codon", 798, 800, gtf(3))
        + row("mRNA", 900, 990, gtf(4), strand="-")
        + row("CDS", 900, 990, gtf(4), strand="-")
    )
    genes, counts = genes_and_counts(text, tmp_path)
    assert genes == {
        (100, 400, "+", "1_g"),
        (210, 260, "+", "2_g"),
        (500, 800, "+", "3_g"),
        (900, 990, "-", "4_g"),
    }
    assert (counts.genes, counts.built, counts.orphans, counts.others) == (1, 3, {}, {})


def test_prokka(tmp_path):
    text = (
        row("region", 1, 1000, "ID=chr1;Is_circular=true")
        + row("gene", 1, 90, "ID=P_1_gene;gene=tnpA;locus_tag=P_1")
        + row("CDS", 1, 90, "ID=P_1;Parent=P_1_gene;gene=tnpA;locus_tag=P_1")
        + row("CDS", 20, 60, "ID=P_2;gene=tnpA;locus_tag=P_2")  # inside another
        + row("CDS", 100, 190, "ID=P_3;Name=tnpA;gene=tnpA;locus_tag=P_3")
        + row("sig_peptide", 100, 110, "ID=s;Parent=P_3")
        + row("tRNA", 200, 270, "ID=P_4;locus_tag=P_4")
        + row("rRNA", 300, 370, "ID=P_5;locus_tag=P_5")
        + row("repeat_region", 500, 570, "note=CRISPR")
    )
    genes, counts = genes_and_counts(text, tmp_path)
    assert genes == {
        (1, 90, "+", "P_1_gene"),
        (20, 60, "+", "P_2.gene"),
        (100, 190, "+", "P_3.gene"),
        (200, 270, "+", "P_4.gene"),
        (300, 370, "+", "P_5.gene"),
    }
    assert (counts.genes, counts.parts, counts.built) == (1, 6, 4)
    assert counts.others == {"region": 1, "repeat_region": 1}


def test_organelles(tmp_path):
    text = (
        row("gene", 100, 2700, "ID=gene-trnK;gene=trnK-UUU")
        + row("tRNA", 100, 2700, "ID=rna-trnK;Parent=gene-trnK;gene=trnK-UUU")
        + row("CDS", 500, 2000, "ID=cds-matK;gene=matK")  # in the intron of trnK
        + row("CDS", 2100, 2200, "ID=cds-trnK;gene=trnK-UUU")
        + row("CDS", 3000, 3100, "ID=cds-ND2;Name=YP_1.1;gene=ND2")
        + row("CDS", 3300, 3340, "ID=cds-COX1;gene=COX1")
        + row("CDS", 3400, 3490, "ID=cds-COX1;gene=COX1")
        + row("tRNA", 3600, 3670, "gene=trnV")
        + row("rRNA", 3700, 3870, "Name=16S rRNA")
        + row("CDS", 3900, 3990, "protein_id=YP_9")
        + row("CDS", 4000, 4100, "product=hypothetical protein")
    )
    genes, counts = genes_and_counts(text, tmp_path)
    assert genes == {
        (100, 2700, "+", "gene-trnK"),
        (500, 2000, "+", "cds-matK.gene"),
        (3000, 3100, "+", "cds-ND2.gene"),
        (3300, 3490, "+", "cds-COX1.gene"),
        (3600, 3670, "+", "trnV"),
        (3700, 3870, "+", "16S rRNA"),
        (3900, 3990, "+", "YP_9"),
    }
    assert counts.orphans == {"CDS": 2}


def test_copies_in_inverted_repeats_are_two_genes(tmp_path):
    text = (
        row("CDS", 3000, 3100, "gene=rpl2")
        + row("CDS", 3200, 3300, "gene=rpl2")
        + row("CDS", 90_000, 90_100, "gene=rpl2", strand="-")
        + row("CDS", 90_200, 90_300, "gene=rpl2", strand="-")
        + row("CDS", 5000, 5100, "ID=other;gene=rpl2", strand="-")
    )
    genes, _ = genes_and_counts(text, tmp_path)
    assert genes == {
        (3000, 3300, "+", "rpl2.plus"),
        (5000, 5100, "-", "other.gene"),
        (90_000, 90_300, "-", "rpl2.minus"),
    }


def test_snap(tmp_path):
    exons = [
        *[("Einit", 1, "m1"), ("Exon", 20, "m1"), ("Eterm", 40, "m1"), ("EsNGL", 100, "m2")],
        *[("Esngl", 200, "m3"), ("Exon", 300, "m4"), ("Eterm", 400, "m5")],
    ]
    text = "".join(row(kind, start, start + 9, name) for kind, start, name in exons)
    genes, counts = genes_and_counts(text, tmp_path)
    assert genes == {
        (1, 49, "+", "m1"),
        (100, 109, "+", "m2"),
        (200, 209, "+", "m3"),
        (300, 309, "+", "m4"),
        (400, 409, "+", "m5"),
    }
    assert (counts.parts, counts.orphans) == (7, {})


@pytest.mark.parametrize(
    ("transcript", "exon"),
    [
        ('transcript_id "{}";', 'gene_id "{}"; transcript_id "{}";'),
        ("ID={}", "gene_id={};Parent={}"),
    ],
)
def test_transcripts_without_the_gene_id_of_their_exons(transcript, exon, tmp_path):
    text = (
        row("transcript", 1, 90, transcript.format("t1"))
        + row("exon", 1, 50, exon.format("g1", "t1"))
        + row("exon", 60, 90, exon.format("g1", "t1"))
        + row("transcript", 1, 120, transcript.format("t2"))
        + row("exon", 1, 120, exon.format("g1", "t2"))
        + row("transcript", 200, 290, transcript.format("t3"))
        + row("exon", 200, 290, exon.format("g2", "t3"))
    )
    genes, counts = genes_and_counts(text, tmp_path)
    assert genes == {(1, 120, "+", "g1"), (200, 290, "+", "g2")}
    assert (counts.built, counts.parts) == (2, 7)
