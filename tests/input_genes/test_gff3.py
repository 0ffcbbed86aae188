import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.input_genes.gff3 import (
    decode,
    encode_attribute,
    encode_seqid,
    parse_attributes,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_attribute_survives_encoding(value: str) -> None:
    encoded = encode_attribute(value)
    assert decode(encoded) == value
    assert not set(encoded) & set("\t\n\r;=&,")


@given(TEXT)
def test_seqid_survives_encoding(seqid: str) -> None:
    encoded = encode_seqid(seqid)
    assert decode(encoded) == seqid
    assert re.fullmatch(r"[a-zA-Z0-9.:^*$@!+_?|%-]*", encoded)


def test_what_gff3_allows_stays_readable() -> None:
    assert encode_attribute('gène "one" of 2') == 'gène "one" of 2'
    assert encode_seqid("chr1|a:b") == "chr1|a:b"
    assert encode_seqid(">chr 1") == "%3Echr%201"


@pytest.mark.parametrize(
    ("encoded", "decoded"), [("100%", "100%"), ("%zz", "%zz"), ("%E9", "é"), ("%C3%A9", "é")]
)
def test_decoding_accepts_what_people_write(encoded: str, decoded: str) -> None:
    assert decode(encoded) == decoded


@given(st.dictionaries(TEXT.map(str.strip).filter(bool), TEXT.map(str.strip)))
def test_attributes_survive_writing_and_reading(attributes: dict[str, str]) -> None:
    column = ";".join(
        f"{encode_attribute(key)}={encode_attribute(value)}" for key, value in attributes.items()
    )
    assert parse_attributes(column) == attributes


def test_stray_semicolons_blanks_and_words_are_ignored() -> None:
    assert parse_attributes("; ID = a ;;word; Name=b=c;ID=second;") == {"ID": "a", "Name": "b=c"}
