from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.demo.draw import Draw
from transgenic_dagster.demo.simulated_gene import (
    GenePlan,
    Isoform,
    has_complete_frame,
    simulate_gene,
    spliced_cds,
)


@pytest.mark.parametrize(
    ("cds", "complete"),
    [
        ("ATGAAATAA", True),
        ("ATGTAG", True),
        ("ATGAAATAAA", False),
        ("CTGAAATAA", False),
        ("ATGTGAAAATAA", False),
        ("ATGAAA", False),
        ("", False),
    ],
)
def test_a_frame_is_complete_from_atg_to_its_only_stop(cds, complete):
    assert has_complete_frame(cds) is complete


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sets(st.sampled_from(Isoform)), st.integers(3, 6))
def test_every_planned_isoform_is_there_with_a_complete_frame(seed, isoforms, coding_exons):
    gene = simulate_gene(Draw(seed), GenePlan(coding_exons, tuple(sorted(isoforms))))
    assert len(set(gene.transcripts)) == 1 + len(isoforms)
    for transcript in gene.transcripts:
        assert has_complete_frame(spliced_cds(gene.sequence, transcript))
        assert all(left.end <= right.start for left, right in pairwise(transcript))
    main = gene.transcripts[0]
    assert (main[0].start, main[-1].end) == (0, len(gene.sequence))


def test_draws_depend_on_the_seed_alone():
    assert Draw(3).dna(50, 0.4) == Draw(3).dna(50, 0.4) != Draw(4).dna(50, 0.4)


def test_drawn_integers_include_both_ends():
    draw = Draw(0)
    assert {draw.integer(2, 4) for _ in range(100)} == {2, 3, 4}
