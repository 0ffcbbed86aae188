"""Planted cases of gffcompare's measures, worked out by hand."""

import pytest

from tests.evaluation.annotations import evaluated, percentages, transcript
from transgenic_dagster.evaluation.measures import Unmatched

THREE = "1000-1199,1500-1699,2000-2299"
LEVELS = ("base", "exon", "intron", "intron chain", "transcript", "locus")


def exons_of(tmp_path, predicted, reference):
    return evaluated(tmp_path, predicted, reference).exons


def test_everything_of_an_annotation_is_in_itself(tmp_path):
    both = [transcript("a", THREE), transcript("b", "5000-5999", "-")]
    measures = exons_of(tmp_path, both, both)
    assert [percentages(measures, level) for level in LEVELS] == [(100.0, 100.0)] * 6


def test_nothing_is_shared_by_annotations_of_other_strands(tmp_path):
    measures = exons_of(tmp_path, [transcript("a", THREE, "-")], [transcript("b", THREE, "+")])
    assert [percentages(measures, level) for level in LEVELS] == [(0.0, 0.0)] * 6
    assert measures.unmatched == (
        Unmatched("exon", 3, 3, 3, 3),
        Unmatched("intron", 2, 2, 2, 2),
        Unmatched("locus", 1, 1, 1, 1),
    )


def test_one_wrong_acceptor_costs_what_it_touches(tmp_path):
    measures = exons_of(
        tmp_path,
        [transcript("q", "1000-1199,1500-1699,2100-2299"), transcript("other", "9000-9099")],
        [transcript("r", THREE)],
    )
    # 600 of 700 nt of the reference; the other 100 predicted nt are novel.
    assert percentages(measures, "base") == (round(60000 / 700, 1), round(60000 / 700, 1))
    assert percentages(measures, "exon") == (66.7, 50.0)
    assert percentages(measures, "intron") == (50.0, 50.0)
    assert percentages(measures, "intron chain") == (0.0, 0.0)
    assert percentages(measures, "transcript") == (0.0, 0.0)
    assert percentages(measures, "locus") == (0.0, 0.0)
    assert measures.unmatched == (
        Unmatched("exon", 0, 3, 1, 4),
        Unmatched("intron", 0, 2, 0, 2),
        Unmatched("locus", 0, 1, 1, 2),
    )


@pytest.mark.parametrize(
    ("exons", "sensitivity"),
    [
        ("900-1199,1500-1699,2000-2399", 100.0),
        ("899-1199,1500-1699,2000-2399", 66.7),
        ("899-1199,1500-1699,2000-2400", 33.3),
        ("1001-1199,1500-1698,2000-2298", 66.7),
    ],
)
def test_free_ends_of_terminal_exons_may_differ_by_100_nucleotides(tmp_path, exons, sensitivity):
    measures = exons_of(tmp_path, [transcript("q", exons)], [transcript("r", THREE)])
    assert percentages(measures, "exon")[0] == sensitivity


def test_an_end_is_free_only_where_both_exons_are_terminal(tmp_path):
    inner = transcript("q", "500-600,950-1199,1500-1699,2000-2299")
    measures = exons_of(tmp_path, [inner], [transcript("r", THREE)])
    assert measures.level("exon").reference_matched == 2
    assert measures.level("intron chain").reference_matched == 0


def test_transcripts_match_by_their_introns_whatever_their_ends(tmp_path):
    measures = exons_of(
        tmp_path, [transcript("q", "100-1199,1500-1699,2000-5000")], [transcript("r", THREE)]
    )
    assert [percentages(measures, level) for level in ("transcript", "intron chain", "locus")] == [
        (100.0, 100.0)
    ] * 3


def test_one_isoform_makes_a_locus_match(tmp_path):
    reference = [transcript("r1", THREE), transcript("r2", "1000-1199,2000-2299", gene="r1.g")]
    measures = exons_of(tmp_path, [transcript("q", THREE)], reference)
    assert percentages(measures, "transcript") == (50.0, 100.0)
    assert percentages(measures, "locus") == (100.0, 100.0)
    assert measures.reference.multi_transcript_loci == 1


def test_each_reference_transcript_is_matched_once(tmp_path):
    predicted = [transcript("q1", THREE), transcript("q2", "990-1199,1500-1699,2000-2299")]
    measures = exons_of(tmp_path, predicted, [transcript("r", THREE)])
    assert percentages(measures, "transcript") == (100.0, 50.0)
    assert percentages(measures, "intron chain") == (100.0, 50.0)


def test_duplicates_are_left_out_of_the_reference_alone(tmp_path):
    twice = [transcript("a", THREE), transcript("b", THREE)]
    measures = exons_of(tmp_path, twice, twice)
    assert (measures.predicted.transcripts, measures.reference.transcripts) == (2, 1)
    assert measures.reference.duplicates == 1
    assert percentages(measures, "transcript") == (100.0, 50.0)


def test_a_reference_transcript_within_an_earlier_one_is_a_duplicate(tmp_path):
    large, small = (
        transcript("large", "900-1199,1500-1799"),
        transcript("small", "1000-1199,1500-1699"),
    )
    assert exons_of(tmp_path, [large], [large, small]).reference.transcripts == 1
    assert exons_of(tmp_path, [large], [small, large]).reference.transcripts == 2


def test_a_coding_duplicate_is_kept_before_a_longer_one(tmp_path):
    large = transcript("large", "900-1199,1500-1799")
    small = transcript("small", "1000-1199,1500-1699", cds="1010-1199,1500-1599")
    (one,) = evaluated(tmp_path, [large], [large, small]).transcripts
    assert one.reference_transcript == "small"


def kept(tmp_path, *reference):
    (one,) = evaluated(tmp_path, [transcript("q", THREE)], reference).transcripts
    return one.reference_transcript


def test_of_duplicates_the_longer_one_is_kept(tmp_path):
    large = transcript("large", "900-1199,1500-1699,2000-2399")
    assert kept(tmp_path, large, transcript("small", THREE)) == "large"


def test_of_equal_duplicates_the_last_one_of_a_source_is_kept(tmp_path):
    assert kept(tmp_path, transcript("a", THREE), transcript("b", THREE)) == "b"
    assert kept(tmp_path, transcript("b", THREE), transcript("a", THREE)) == "a"


def test_of_equal_duplicates_the_one_of_the_first_source_is_kept(tmp_path):
    first = transcript("a", THREE, source="one"), transcript("b", THREE, source="two")
    assert kept(tmp_path, *first) == "a"
    assert kept(tmp_path, *first[::-1]) == "b"


def test_single_exons_that_agree_are_duplicates(tmp_path):
    reference = [
        transcript("a", "1000-1999"),
        transcript("b", "1100-1999"),
        transcript("c", "1500-1999"),
    ]
    measures = exons_of(tmp_path, reference, reference)
    assert measures.reference.transcripts == 2
    assert percentages(measures, "transcript") == (100.0, 66.7)


def test_introns_of_four_nucleotides_are_none(tmp_path):
    four, five = transcript("q", "1000-1199,1204-1300"), transcript("q", "1000-1199,1205-1300")
    assert exons_of(tmp_path, [four], [four]).predicted.multi_exon == 0
    assert exons_of(tmp_path, [five], [five]).predicted.multi_exon == 1


def test_transcripts_link_loci_by_their_exons_alone(tmp_path):
    nested = [transcript("outer", "1000-1199,3000-3199"), transcript("nested", "2000-2199")]
    assert exons_of(tmp_path, nested, nested).predicted.loci == 2
    linked = [*nested, transcript("link", "1100-1199,2100-2299")]
    assert exons_of(tmp_path, linked, linked).predicted.loci == 1
    assert exons_of(tmp_path, linked, linked).level("base").predicted_total == 700


def test_introns_are_missed_only_within_linked_loci(tmp_path):
    # The predicted intron overlaps that of the nested gene, to which no exon links it.
    reference = [
        transcript("outer", "1000-1199,3000-3199"),
        transcript("nested", "1500-1599,1700-1799"),
    ]
    measures = exons_of(tmp_path, [transcript("q", "1000-1199,3000-3199")], reference)
    assert measures.unmatched[1] == Unmatched("intron", 1, 2, 0, 1)


def test_introns_behind_those_of_a_locus_reached_later_are_overlooked(tmp_path):
    # As in gffcompare: r3 is reached before r2, whose intron then is not looked at.
    reference = [
        transcript("r1", "100-200,1000-1100,2000-2100,3000-3100"),
        transcript("r2", "2200-2300,2400-2500"),
        transcript("r3", "3200-3300,3400-3500"),
    ]
    predicted = [
        transcript("q1", "150-300"),
        transcript("q2", "2050-2300,2400-2500"),
        transcript("q3", "3050-3300,3400-3500"),
    ]
    measures = exons_of(tmp_path, predicted, reference)
    assert (measures.level("intron").reference_matched, measures.reference.loci) == (1, 3)


def test_cds_is_measured_apart(tmp_path):
    reference = transcript("r", THREE, cds="1100-1199,1500-1699,2000-2099")
    predicted = transcript(
        "q", "1100-1199,1500-1699,2000-2099", cds="1100-1199,1500-1699,2000-2099"
    )
    found = evaluated(tmp_path, [predicted], [reference])
    assert percentages(found.exons, "base") == (round(40000 / 700, 1), 100.0)
    assert [percentages(found.cds, level) for level in LEVELS] == [(100.0, 100.0)] * 6
    assert found.cds.reference.transcripts == 1


def test_transcripts_without_a_strand_count_in_the_prediction_alone(tmp_path):
    measures = exons_of(
        tmp_path,
        [transcript("q", "1000-1099", ".")],
        [transcript("r", "5000-5099"), transcript("lost", "8000-8099", ".")],
    )
    assert (measures.predicted.transcripts, measures.reference.transcripts) == (1, 1)
    assert measures.unmatched[2] == Unmatched("locus", 1, 1, 1, 1)


def test_sequences_of_one_annotation_count(tmp_path):
    here, there = transcript("a", THREE), transcript("b", THREE, seqid="chr2")
    measures = exons_of(tmp_path, [here], [here, there])
    assert [percentages(measures, level) for level in LEVELS] == [(50.0, 100.0)] * 6


def test_levels_without_features_have_no_percentages(tmp_path):
    single = [transcript("a", "1000-1999")]
    level = exons_of(tmp_path, single, single).level("intron")
    assert (level.sensitivity, level.precision, level.f1) == (None, None, None)


def test_f1_is_the_harmonic_mean(tmp_path):
    reference = [
        transcript("r", "1000-1099"),
        transcript("s", "2000-2099"),
        transcript("t", "3000-3099"),
    ]
    level = exons_of(tmp_path, reference[:1], reference).level("locus")
    assert level.sensitivity == pytest.approx(100 / 3)
    assert level.f1 == pytest.approx(50.0)
