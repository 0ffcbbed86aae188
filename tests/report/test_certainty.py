"""Which coding parts are as the model wrote them, and how probable their ends are."""

import pytest

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval
from transgenic_dagster.report.certainty import LEVELS, Certainty, coding_parts, level_of
from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows


def transcript(*scores):
    """A transcript of parts of 50 nt, one every 100 nt, with their scores in ascending order."""
    cds = [CdsPart(100 * n, 100 * n + 50, 0) for n in range(len(scores))]
    exons = [Interval(part.start, part.end) for part in cds]
    written = {100 * n: score for n, score in enumerate(scores) if score is not None}
    return TranscriptRows(exons=exons, cds=cds, scores=written)


def parts(rows, strand, refined=""):
    return {
        part.start: (part.place, part.probability, part.moved)
        for part in coding_parts(rows, strand, {"refined": refined})
    }


def test_places_follow_the_strand():
    rows = transcript(b"0.1", b"0.2", b"0.3")
    assert [place for place, *_ in parts(rows, "+").values()] == ["first", "internal", "last"]
    found = parts(rows, "-")
    assert {start: one[:2] for start, one in found.items()} == {
        0: ("last", 0.1),
        100: ("internal", 0.2),
        200: ("first", 0.3),
    }
    assert parts(transcript(b"1"), "-") == {0: ("only", 1.0, False)}


@pytest.mark.parametrize(
    ("strand", "refined", "moved"),
    [
        ("+", "", set()),
        ("+", "start:+3", {0}),
        ("-", "start:+3", {200}),
        ("+", "donor1:-2,acceptor2:+4", {0, 100}),
        ("-", "donor1:-2", {200}),
        ("+", "stop:+11", {200}),
        ("+", "exon2:left_out,acceptor3:+1", {100}),
        ("+", "exon2:left_out,donor3:+1", {100}),
        ("-", "exon2:left_out,exon3:left_out,acceptor5:-1", {0}),
        ("+", "five_prime_donor1:+5,three_prime_acceptor1:-5", set()),
    ],
)
def test_parts_with_an_end_that_was_moved_are_told(strand, refined, moved):
    found = parts(transcript(b"0.5", b"0.5", b"0.5"), strand, refined)
    assert {start for start, (*_, was_moved) in found.items() if was_moved} == moved


def test_rows_without_a_score_have_no_probability():
    assert parts(transcript(None, b"0.25"), "+") == {100: ("last", 0.25, False)}


def test_levels_include_their_lower_limit():
    assert [level_of(value) for value in (1, 0.99, 0.9899, 0.9, 0.5, 0.1, 0.0999, 0)] == [
        *(0, 0, 1, 1, 2, 3, 4, 4)
    ]
    assert len(LEVELS) == 5


def test_a_part_is_in_the_input_where_both_its_ends_are():
    predicted = GeneBlock("g", "c", 0, 150, "+", b"", [transcript(b"0.95", b"0.05")])
    before = GeneBlock("g", "c", 0, 160, "+", b"", [transcript(None, None)])
    before.transcripts[0].cds[1] = CdsPart(100, 160, 0)
    certainty = Certainty()
    certainty.add(predicted, [{"refined": "stop:+3"}], before)
    assert (list(certainty.in_input.elements()), certainty.moved_in_input) == ([1], 0)
    certainty.add(predicted, [{"refined": "start:+3"}], before)
    assert (list(certainty.in_input.elements()), certainty.moved_in_input) == ([1], 1)
    assert certainty.probabilities == [0.95, 0.05]
