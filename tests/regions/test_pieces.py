import re

from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.regions.pieces import assign_pieces

GENOMES = st.dictionaries(st.text(min_size=1), st.integers(1, 10_000), min_size=1)


def test_large_sequences_are_pieces_and_small_ones_are_bundled_in_natural_order() -> None:
    lengths = {"chr10": 5000, "chr2": 5000, **{f"s{i}": 40 for i in range(1, 7)}}
    pieces = assign_pieces(lengths)
    assert list(pieces.values())[:2] == ["chr2", "chr10"]
    assert [pieces[f"s{i}"] for i in range(1, 7)] == ["unplaced-001"] * 3 + ["unplaced-002"] * 3


def test_a_sequence_that_is_named_like_a_bundle_does_not_collide_with_it() -> None:
    pieces = assign_pieces({"unplaced-001": 1000, "a": 1})
    assert pieces["a"] == "unplaced-001"
    assert pieces["unplaced-001"] != "unplaced-001"


@given(GENOMES)
def test_names_are_safe_and_no_two_large_sequences_share_one(lengths: dict[str, int]) -> None:
    pieces = assign_pieces(lengths)
    assert pieces.keys() == lengths.keys()
    assert all(
        re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*|-[0-9a-f]{12}", p) for p in pieces.values()
    )
    own = [p for p in pieces.values() if not p.startswith("unplaced-")]
    assert len(own) == len(set(own))
    assert len(set(pieces.values())) <= 300


@given(GENOMES, st.randoms())
def test_order_of_the_file_does_not_matter(lengths: dict[str, int], random: object) -> None:
    shuffled = list(lengths.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(assign_pieces(dict(shuffled)).items()) == list(assign_pieces(lengths).items())


def test_a_hundred_thousand_scaffolds_are_few_pieces() -> None:
    lengths = {f"scaffold_{i}": 1000 + i % 19_000 for i in range(100_000)}
    assert 90 <= len(set(assign_pieces(lengths).values())) <= 101
