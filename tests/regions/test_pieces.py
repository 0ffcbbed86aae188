import re

from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.regions.pieces import MOST_PIECES, assign_pieces

GENOMES = st.dictionaries(
    st.text(min_size=1), st.tuples(st.integers(1, 10_000), st.integers(0, 400)), min_size=1
)
Genome = dict[str, tuple[int, int]]


def pieces_of(genome: Genome) -> dict[str, str]:
    """Pieces of a genome, given the length and the number of regions of each sequence."""
    return assign_pieces(
        {seqid: length for seqid, (length, _) in genome.items()},
        {seqid: regions for seqid, (_, regions) in genome.items()},
    )


def test_chromosomes_are_pieces_and_small_sequences_are_bundled_in_natural_order() -> None:
    genome = {"chr10": (5000, 9), "chr2": (5000, 9), **{f"s{i}": (40, 40) for i in range(1, 7)}}
    pieces = pieces_of(genome)
    assert list(pieces.values())[:2] == ["chr2", "chr10"]
    assert [pieces[f"s{i}"] for i in range(1, 7)] == ["unplaced-01"] * 3 + ["unplaced-02"] * 3


def test_two_thousand_contigs_with_twenty_genes_are_one_piece() -> None:
    genome = {f"c{i}": (1000, int(i % 100 == 0)) for i in range(2000)}
    assert set(pieces_of(genome).values()) == {"unplaced-01"}


def test_fifty_equal_contigs_are_at_most_sixteen_pieces_and_fifty_chromosomes_are_fifty() -> None:
    assert len(set(pieces_of({f"c{i}": (1000, 90) for i in range(50)}).values())) <= 16
    assert len(set(pieces_of({f"c{i}": (1000, 900) for i in range(50)}).values())) == 50


def test_a_sequence_that_is_named_like_a_bundle_does_not_collide_with_it() -> None:
    pieces = pieces_of({"unplaced-01": (1000, 1), "a": (1, 1)})
    assert pieces["a"] == "unplaced-01"
    assert pieces["unplaced-01"] != "unplaced-01"


@given(GENOMES)
def test_names_are_safe_no_two_chromosomes_share_one_and_no_piece_is_empty(genome: Genome) -> None:
    pieces = pieces_of(genome)
    assert pieces.keys() == {seqid for seqid, (_, regions) in genome.items() if regions}
    assert all(
        re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*|-[0-9a-f]{12}", p) for p in pieces.values()
    )
    own = [p for p in pieces.values() if not p.startswith("unplaced-")]
    assert len(own) == len(set(own))
    assert len(set(pieces.values())) <= max(MOST_PIECES, len(own) + 1)


@given(GENOMES, st.randoms())
def test_order_of_the_file_does_not_matter(genome: Genome, random: object) -> None:
    shuffled = list(genome.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert list(pieces_of(dict(shuffled)).items()) == list(pieces_of(genome).items())
