from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.sequences.dna import normalise


def test_soft_masked_bases_keep_their_identity() -> None:
    assert normalise("acgtnACGTN") == "ACGTNACGTN"


def test_ambiguity_codes_gaps_and_strangers_become_n() -> None:
    assert normalise("RYkm-*.uUé") == "N" * 10


@given(st.text())
def test_length_never_changes_and_only_the_alphabet_is_left(text: str) -> None:
    result = normalise(text)
    assert len(result) == len(text)
    assert set(result) <= set("ACGTN")
