import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.input_genes.gtf import gff3_attributes, is_gff3, parse_gtf

KEYS = st.text("abcdefgh_", min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_characters='"\n', exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("column", "attributes"),
    [
        ('gene_id "g"; transcript_id "t";', {"gene_id": ["g"], "transcript_id": ["t"]}),
        ('gene_id "g" ;note "a; b" ', {"gene_id": ["g"], "note": ["a; b"]}),
        ("gene_id g; n 5", {"gene_id": ["g"], "n": ["5"]}),
        ('term "GO:1" "GO:2"; tag "a"; tag "b"', {"term": ["GO:1", "GO:2"], "tag": ["a", "b"]}),
        ('transcript_id ""; gene_id "g"', {"transcript_id": [""], "gene_id": ["g"]}),
        ("g1.t1", {}),
        ("gene_id ; n 5", {"n": ["5"]}),
        ("", {}),
    ],
)
def test_attributes_of_gtf(column: str, attributes: dict[str, list[str]]) -> None:
    assert parse_gtf(column) == attributes


@pytest.mark.parametrize(
    ("feature_type", "column", "expected"),
    [
        ("gene", "g1", "ID=g1"),
        ("transcript", "g1.t1", "ID=g1.t1;Parent=g1"),
        ("transcript", "MSTRG", "ID=MSTRG"),
        ("exon", "g1.t1", "Parent=g1.t1"),
        ("CDS", 'gene_id "g"; transcript_id "";', "Parent=g;gene_id=g;transcript_id="),
        ("gene", 'gene_id "g"; ID "x"', "gene_id=g;ID=x"),
        (
            "transcript",
            'gene_id "x"; transcript_id "x"',
            "ID=x.transcript;Parent=x;gene_id=x;transcript_id=x",
        ),
        ("exon", 'gene_id "x"; transcript_id "x"', "Parent=x.transcript;gene_id=x;transcript_id=x"),
    ],
)
def test_identifiers_of_gff3_come_from_those_of_gtf(
    feature_type: str, column: str, expected: str
) -> None:
    assert gff3_attributes(feature_type, column) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("ID=a;Name=b", True),
        ('Note="a";ID=b', True),
        ("protein_coding;ID=a", True),
        ("two words=a;ID=b", True),
        ("", True),
        (".", True),
        ("; ", True),
        ('gene_id "a=b"; x "y"', False),
        ("gene_id g; note a=b", False),
        ('gene "a"', False),
        ("g1", False),
    ],
)
def test_dialects_are_told_apart(column: str, expected: bool) -> None:
    assert is_gff3(column) == expected


@given(st.dictionaries(KEYS, VALUES))
def test_every_attribute_is_kept(attributes: dict[str, str]) -> None:
    column = " ".join(f'{key} "{value}";' for key, value in attributes.items())
    assert parse_attributes(gff3_attributes("gene", column)) == {
        key: value.strip(" ") for key, value in attributes.items()
    }
