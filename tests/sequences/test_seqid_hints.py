import pytest

from transgenic_dagster.sequences.seqid_hints import SeqidHints


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("1", "chr1"),
        ("1", "Chr1"),
        ("chr1", "Chr01"),
        ("Chr_1", "1"),
        ("chromosome1", "1"),
        ("NC_003070", "NC_003070.9"),
        ("MT", "chrM"),
        ("Pt", "ChrC"),
        ("chrX", "X"),
    ],
)
def test_known_conventions_are_recognised_both_ways(here: str, there: str) -> None:
    assert SeqidHints(["other", there]).similar(here) == there
    assert SeqidHints(["other", here]).similar(there) == here


@pytest.mark.parametrize(("here", "there"), [("1", "2"), ("1", "11"), ("chr1", "scaffold_1")])
def test_different_names_get_no_hint(here: str, there: str) -> None:
    assert SeqidHints([there]).similar(here) is None
