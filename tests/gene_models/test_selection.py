"""Whether the prediction for a region is that region's gene, and nobody else's."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.gene_models import selection
from transgenic_dagster.gene_models.gene_model import (
    CdsPart,
    GeneModel,
    Interval,
    Transcript,
    TranscriptQuality,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.selection import Candidate, select_genes
from transgenic_dagster.regions.region import Region

QUALITY = TranscriptQuality(True, True, 0, 0, 0, "M", "ATGTAA", "ATGTAA")


def region(start, end, name="", seqid="Chr1", flank=1000):
    return Region(0, name or f"{start}", seqid, start, end, "+", max(0, start - flank), end + flank)


def gene(*isoforms, strand="+", utrs=()):
    """A gene whose isoforms are lists of (start, end) of CDS parts."""
    transcripts = tuple(
        Transcript(
            number,
            TranscriptStructure(
                strand,
                tuple(CdsPart(start, end, 0) for start, end in parts),
                tuple(Interval(*utr) for utr in utrs),
            ),
            False,
            QUALITY,
        )
        for number, parts in enumerate(isoforms, start=1)
    )
    return GeneModel("", "Chr1", strand, 0.9, transcripts)


def doubts(*candidates):
    """Return the reason for each (region, gene, likelihood), None where it stays."""
    return [doubt and doubt.reason.value for doubt in verdicts(candidates)]


def verdicts(candidates):
    given = [Candidate(*one, payload=number) for number, one in enumerate(candidates)]
    selected = list(select_genes([one.region for one in given], given))
    assert [one for one, _ in selected] == given
    return [doubt for _, doubt in selected]


def test_a_prediction_inside_a_neighbour_is_off_target():
    left, right = region(100, 200, "left"), region(300, 400, "right")
    (doubt, none) = verdicts(
        [(left, gene([(310, 340)], strand="-"), -1), (right, gene([(300, 390)]), -1)]
    )
    assert none is None
    assert doubt.reason == "off_target"
    assert doubt.detail == (
        "the predicted gene at 311..340 (-) shares no base with the input gene at 101..200"
    )


def test_one_base_of_utr_inside_the_input_gene_is_on_target():
    assert doubts((region(100, 200), gene([(210, 240)], utrs=[(199, 205)]), 0)) == [None]
    assert doubts((region(100, 200), gene([(210, 240)], utrs=[(200, 205)]), 0)) == ["off_target"]
    assert doubts((region(100, 200), gene([(50, 100)]), 0)) == ["off_target"]


def test_the_same_structure_for_two_neighbours_stays_with_the_one_that_it_overlaps_most():
    same = [(150, 180), (200, 390)]
    neighbours = region(100, 190, "left"), region(210, 400, "right")
    found = verdicts([(neighbours[0], gene(same), 0), (neighbours[1], gene(same), -5)])
    assert found[1] is None
    assert found[0].reason == "duplicate_prediction"
    assert found[0].detail == (
        "the predicted gene repeats the coding structure that was predicted for gene right"
    )


def test_of_equally_fitting_duplicates_the_likelier_stays_then_the_first():
    same = [(140, 160), (240, 260)]
    left, right = region(100, 180), region(220, 300)
    assert doubts((left, gene(same), -2), (right, gene(same), -1)) == ["duplicate_prediction", None]
    assert doubts((left, gene(same), -1), (right, gene(same), -1)) == [None, "duplicate_prediction"]


def test_a_duplicate_has_the_same_set_of_coding_structures_whatever_its_utrs_and_order():
    one, two = [(100, 130)], [(100, 130), (160, 190)]
    place = region(100, 190, "a"), region(100, 190, "b")
    same = doubts((place[0], gene(one, two), 0), (place[1], gene(two, one, utrs=[(90, 99)]), 0))
    assert same == [None, "duplicate_prediction"]
    other = doubts((place[0], gene(one, two), 0), (place[1], gene(two), 0))
    assert other == [None, None]


def test_the_less_likely_of_two_overlapping_genes_goes():
    left, right = region(100, 200, "left"), region(210, 300, "right")
    shorter = gene([(150, 260)])
    longer = gene([(205, 330)])
    found = verdicts([(left, shorter, -1), (right, longer, -2)])
    assert found[0] is None
    assert found[1].reason == "overlapping_gene"
    assert found[1].detail == (
        "55 of the 125 coding bases are also coding in the likelier gene that was predicted for"
        " gene left"
    )
    assert doubts((left, shorter, -2), (right, longer, -1)) == ["overlapping_gene", None]
    barely_less = gene([(206, 330)])
    assert doubts((left, shorter, -1), (right, barely_less, -2)) == [None, None]


def test_coding_bases_count_once_however_many_isoforms_have_them():
    left, right = region(100, 200), region(210, 300)
    four_isoforms = gene([(150, 250)], [(150, 240)], [(150, 230)], [(150, 220)])
    assert doubts((left, four_isoforms, 0), (right, gene([(220, 310)]), -1)) == [None, None]


def test_genes_in_introns_of_others_and_on_opposite_strands_stay():
    host = (region(100, 400), gene([(100, 150), (350, 400)]), 0)
    in_intron = (region(200, 300), gene([(200, 300)]), -1)
    opposite = (region(410, 500), gene([(120, 480)], strand="-"), -1)
    assert doubts(host, in_intron, opposite) == [None, None, None]


def test_nested_genes_stay_where_the_input_genes_are_nested():
    outer, inner = gene([(100, 400)]), gene([(200, 300)])
    assert doubts((region(100, 400), outer, 0), (region(200, 300), inner, -1)) == [None, None]
    assert doubts((region(100, 200), outer, 0), (region(210, 300), inner, -1)) == [
        None,
        "overlapping_gene",
    ]


def test_a_rejected_gene_rules_out_no_other():
    first = (region(100, 200), gene([(190, 290)]), -1)
    second = (region(210, 300), gene([(210, 310), (330, 410)]), -2)
    third = (region(320, 420), gene([(325, 420)]), -3)
    assert doubts(first, second, third) == [None, "overlapping_gene", None]
    elsewhere = (region(500, 600), gene([(210, 310), (330, 410)]), 5)
    assert doubts(elsewhere, third) == ["off_target", None]


def test_genes_of_different_sequences_never_meet():
    one = (region(100, 200, seqid="Chr1"), gene([(100, 190)]), 0)
    other = (region(100, 200, seqid="Chr2"), gene([(100, 190)]), 0)
    assert doubts(one, other) == [None, None]


def test_regions_without_a_gene_pass():
    assert doubts((region(100, 200), None, 0)) == [None]
    assert doubts() == []


def test_candidates_that_do_not_match_the_regions_are_refused():
    with pytest.raises(ValueError, match="zip"):
        list(select_genes([region(1, 2)], []))


def brute_force(candidates):
    """The rules again, over all pairs and one rule after the other."""
    found = [None] * len(candidates)

    def place(i):
        return candidates[i].region.seqid, candidates[i].gene.strand

    def structures(i):
        return {tuple(t.structure.cds) for t in candidates[i].gene.transcripts}

    def coding(i):
        return {x for parts in structures(i) for part in parts for x in range(*part[:2])}

    def input_bases(i):
        return set(range(candidates[i].region.gene_start, candidates[i].region.gene_end))

    def overlap(i):
        gene = candidates[i].gene
        return len(input_bases(i) & set(range(gene.start, gene.end)))

    def left():
        return [i for i, c in enumerate(candidates) if c.gene is not None and found[i] is None]

    for i in left():
        if not overlap(i):
            found[i] = "off_target"
    present = left()
    for i in present:
        for j in present:
            same = i != j and place(i) == place(j) and structures(i) == structures(j)
            better = (overlap(j), candidates[j].likelihood, -j) > (
                overlap(i),
                candidates[i].likelihood,
                -i,
            )
            if same and better:
                found[i] = "duplicate_prediction"
    accepted = []
    for i in sorted(left(), key=lambda i: (-candidates[i].likelihood, i)):
        for j in accepted:
            shared = len(coding(i) & coding(j))
            much = 2 * shared >= min(len(coding(i)), len(coding(j)))
            if place(i) == place(j) and much and not input_bases(i) & input_bases(j):
                found[i] = "overlapping_gene"
                break
        else:
            accepted.append(i)
    return found


@st.composite
def crowded_candidates(draw):
    rng = random.Random(draw(st.integers(0, 10**6)))
    candidates = []
    for number in range(draw(st.integers(0, 40))):
        start = rng.randrange(100, 900)
        place = region(start, start + rng.randrange(10, 60), f"g{number}", rng.choice("ab"), 60)
        candidates.append(Candidate(place, random_gene(place, rng), rng.randrange(-3, 0), number))
    if draw(st.booleans()):
        candidates.sort(key=lambda c: (c.region.seqid, c.region.gene_start))
    return candidates


def random_gene(place, rng):
    if rng.random() < 0.1:
        return None
    isoforms = []
    for _ in range(rng.choice([1, 1, 2])):
        cuts = sorted(rng.sample(range(place.window_start, place.window_end, 20), 4))
        parts = list(zip(cuts[::2], cuts[1::2], strict=True))
        isoforms.append(parts[: rng.choice([1, 2])])
    return gene(*isoforms, strand=rng.choice("+-"))


@settings(deadline=None, max_examples=200)
@given(crowded_candidates(), st.sampled_from([1, 5, 256]))
def test_selection_agrees_with_the_comparison_of_all_pairs(candidates, fewest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "_FEWEST_TO_DECIDE", fewest)
        found = list(select_genes([one.region for one in candidates], candidates))
    assert [one.payload for one, _ in found] == [one.payload for one in candidates]
    assert [doubt and doubt.reason.value for _, doubt in found] == brute_force(candidates)


def test_candidates_in_sorted_order_are_handed_on_long_before_the_end():
    candidates = [
        Candidate(region(start, start + 90, flank=300), gene([(start, start + 120)]), 0, start)
        for start in range(1000, 1000 * 3000, 1000)
    ]
    read = 0

    def reading():
        nonlocal read
        for read, candidate in enumerate(candidates, start=1):  # noqa: B007
            yield candidate

    kept_back = [
        read - written
        for written, _ in enumerate(select_genes([c.region for c in candidates], reading()))
    ]
    assert max(kept_back) <= 256


def test_copies_of_one_gene_in_every_window_leave_one():
    same = gene([(1000, 1300)])
    candidates = [
        (replace(region(1000 + i, 1200 + i, f"g{i}"), region_id=i), same, 0) for i in range(50)
    ]
    assert doubts(*candidates) == [None] + ["duplicate_prediction"] * 49
