import io
from dataclasses import replace

import pytest
from gene_builders import gene_of
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.fasta import write_sequences

CODING = "ATG" + "GCT" * 130 + "TAA"


def fasta_of(gene):
    handle = io.StringIO()
    write_sequences(handle, gene, "protein")
    return handle.getvalue()


def test_every_transcript_is_a_record_of_60_columns_named_as_in_the_gff3():
    gene = gene_of(f"0|CDS1|{len(CODING)}|+|A;0|CDS2|9|+|A>CDS1;CDS2", CODING)
    assert fasta_of(gene).splitlines() == [
        ">mRNA:gene1.t1 gene=gene:gene1",
        "M" + "A" * 59,
        "A" * 60,
        "A" * 11,
        ">mRNA:gene1.t2 gene=gene:gene1",
        "MAA",
    ]


def test_a_stop_codon_alone_has_no_record():
    assert fasta_of(gene_of("0|CDS1|3|+|A>CDS1", "TAA" + "C" * 60)) == ""


@pytest.mark.parametrize(
    ("gm_id", "name"),
    [("a b", "mRNA:a%20b.t1"), ("a;b", "mRNA:a%3Bb.t1"), ("gène", "mRNA:gène.t1")],
)
def test_strange_ids_stay_one_word(gm_id, name):
    gene = replace(gene_of("0|CDS1|3|+|A>CDS1"), gm_id=gm_id)
    assert fasta_of(gene).split()[0] == f">{name}"


@given(st.text(min_size=1))
def test_no_id_can_break_a_record(gm_id):
    gene = replace(gene_of("0|CDS1|3|+|A>CDS1"), gm_id=gm_id)
    header, protein = fasta_of(gene).splitlines()
    assert len(header.split()) == 2
    assert protein == "K"
