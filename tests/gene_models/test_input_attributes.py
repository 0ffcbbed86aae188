import io
from dataclasses import replace

from gene_builders import gene_of

from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.input_attributes import read_input_attributes


def row(kind, attributes, seqid="c"):
    return f"{seqid}\ts\t{kind}\t1\t90\t.\t+\t.\t{attributes}\n"


def read(tmp_path, *rows):
    (tmp_path / "sorted.gff3").write_text("##gff-version 3\n" + "".join(rows))
    genes = [i for i, line in enumerate(rows) if "\tgene\t" in line]
    return read_input_attributes(tmp_path / "sorted.gff3", {i: f"gene{i}" for i in genes})


def test_attributes_of_the_gene_row_come_as_written_and_others_do_not(tmp_path):
    own = "Name=a%3Bb;Note=x,y;Dbxref=DB:1,DB:2;Alias=z"
    found = read(tmp_path, row("gene", f"ID=g;{own};biotype=protein_coding;score=3"))
    assert found == {"gene0": tuple(tuple(pair.split("=")) for pair in own.split(";"))}


def test_the_product_is_that_of_the_gene_then_of_a_transcript_then_of_its_parts(tmp_path):
    found = read(
        tmp_path,
        row("gene", "ID=a;product=own"),
        row("mRNA", "ID=a.1;Parent=a;product=other"),
        row("gene", "ID=b"),
        row("mRNA", "ID=b.1;Parent=b"),
        row("mRNA", "ID=b.2;Parent=b;product=second"),
        row("gene", "ID=d"),
        row("mRNA", "ID=d.1;Parent=d"),
        row("CDS", "Parent=d.1;product=of the CDS"),
        row("gene", "ID=d", seqid="other"),
    )
    assert [dict(one).get("product") for one in found.values()] == [
        *("own", "second", "of the CDS"),
        None,
    ]


def columns_of(gene):
    handle = io.StringIO()
    Gff3Writer(handle).write_gene(gene)
    return [line.split("\t") for line in handle.getvalue().splitlines()[:-1]]


def test_the_gene_row_has_names_and_notes_and_mrna_and_cds_rows_the_product():
    inherited = (("Name", "n"), ("Note", "a,b"), ("product", "kinase"))
    rows = columns_of(replace(gene_of("0|CDS1|3|+|A>CDS1"), inherited=inherited))
    with_product = [columns[2] for columns in rows if "product=kinase" in columns[8]]
    assert with_product == ["mRNA", "CDS"]
    assert rows[0][8] == "ID=gene:gene1;GM=gene1;Name=n;Note=a,b"


def test_beside_a_locus_the_names_of_the_input_are_aliases():
    inherited = (("Name", "n"), ("Alias", "x,y"))
    gene = replace(gene_of("0|CDS1|3|+|A>CDS1"), inherited=inherited, locus="L_1")
    assert columns_of(gene)[0][8] == (
        "ID=gene:L_1;GM=gene1;Name=L_1;Alias=gene1,n,x,y;locus_tag=L_1"
    )
