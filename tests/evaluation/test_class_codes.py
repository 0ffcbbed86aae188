"""Planted cases of every class code, worked out by hand from gffcompare's definitions."""

import pytest

from tests.evaluation.annotations import evaluated, transcript
from transgenic_dagster.evaluation.measures import CLASS_CODES

THREE = transcript("three", "1000-1200,1500-1700,2000-2300")
SINGLE = transcript("single", "5000-5999")
REVERSE = transcript("reverse", "20000-20500", strand="-")
REFERENCE = (THREE, SINGLE, REVERSE)

CASES = {
    "same introns, other ends": ("900-1200,1500-1700,2000-2400", "+", "="),
    "single exons, 90% of the longer": ("5100-5999", "+", "="),
    "single exons, 80% of the longer": ("5200-5999", "+", "="),
    "single exon around, 70% of itself": ("5000-6400", "+", "="),
    "first two exons": ("1050-1200,1500-1650", "+", "c"),
    "three nucleotides into the intron": ("1050-1200,1500-1703", "+", "c"),
    "four nucleotides into the intron": ("1050-1200,1500-1704", "+", "j"),
    "start in the intron before": ("1496-1700,2000-2200", "+", "j"),
    "single exon within an exon": ("1020-1150", "+", "c"),
    "single exon within another": ("5100-5400", "+", "c"),
    "one more exon in front": ("500-700,900-1200,1500-1700,2000-2300", "+", "k"),
    "single exon far around another": ("4000-7000", "+", "k"),
    "single reference in an exon": ("4900-6100,6500-6600", "+", "k"),
    "one intron retained, one matches": ("1000-1700,2000-2300", "+", "m"),
    "single exon over all introns": ("1100-2100", "+", "m"),
    "one intron retained, one differs": ("1000-1700,2050-2300", "+", "n"),
    "single exon over one intron": ("1550-2100", "+", "n"),
    "behind the last intron, which it covers": ("1650-2100,2500-2600", "+", "n"),
    "one of four sites differs": ("1000-1200,1500-1650,2000-2300", "+", "j"),
    "one intron of one's own": ("1000-1200,1500-1550,1600-1700,2000-2300", "+", "j"),
    "single exon into an intron": ("1600-1800", "+", "e"),
    "single exon, ten into an intron": ("1690-1710", "+", "e"),
    "single exon, nine into an intron": ("1690-1709", "+", "o"),
    "terminal exons overlap": ("2200-2400,2600-2700", "+", "o"),
    "introns overlap, no site in common": ("1000-1190,1510-1650", "+", "o"),
    "introns overlap, five nucleotides of exons": ("1196-1250,1400-1450", "+", "o"),
    "introns overlap, four nucleotides of exons": ("1197-1250,1400-1450", "+", "i"),
    "around all exons of a spliced reference": ("900-950,2500-2600", "+", "y"),
    "introns alike across strands": ("1000-1210,1490-1700", "-", "s"),
    "introns too different across strands": ("1000-1211,1490-1700", "-", "x"),
    "exons across strands": ("1100-1150", "-", "x"),
    "interleaved exons across strands": ("1250-1300,1750-1800", "-", "x"),
    "within an intron": ("1300-1400", "+", "i"),
    "two exons within an intron": ("1250-1300,1350-1400", "+", "i"),
    "within an intron across strands": ("1300-1400", "-", "i"),
    "single reference in an intron": ("4000-4500,6500-7000", "+", "y"),
    "2,000 behind a gene": ("4299-4310", "+", "p"),
    "2,001 behind a gene": ("4300-4310", "+", "u"),
    "two exons behind a gene": ("2400-2500,2600-2700", "+", "u"),
    "behind a gene on the reverse strand": ("19000-19100", "-", "p"),
    "in front of a gene on the reverse strand": ("20600-20700", "-", "u"),
    "far from all": ("50000-51000", "+", "u"),
}


def code_of(tmp_path, exons, strand="+", reference=REFERENCE):
    query = transcript("query", exons, strand)
    (one,) = evaluated(tmp_path, [query], reference).transcripts
    return one


@pytest.mark.parametrize("case", CASES)
def test_planted_transcript_has_its_code(tmp_path, case):
    exons, strand, code = CASES[case]
    assert code_of(tmp_path, exons, strand).code == code


def test_every_code_is_planted():
    assert {code for _, _, code in CASES.values()} | {"r"} == CLASS_CODES.keys()


def mirrored(text):
    """Exons on the other side of a mirror at 60,000."""
    ends = (part.split("-") for part in text.split(","))
    return ",".join(sorted(f"{60000 - int(b)}-{60000 - int(a)}" for a, b in ends))


# gffcompare reads introns from left to right and ends with the last one of either transcript, so
# that a retained intron further right stays unseen; and behind a gene on the reverse strand it goes
# one nucleotide further.
OTHERWISE_IN_THE_MIRROR = {"one intron retained, one differs": "j", "2,001 behind a gene": "p"}


@pytest.mark.parametrize("case", CASES)
def test_codes_are_the_same_in_the_mirror(tmp_path, case):
    exons, strand, code = CASES[case]
    code = OTHERWISE_IN_THE_MIRROR.get(case, code)
    other = {"+": "-", "-": "+"}
    reference = [
        transcript("three", mirrored("1000-1200,1500-1700,2000-2300"), "-"),
        transcript("single", mirrored("5000-5999"), "-"),
        transcript("reverse", mirrored("20000-20500"), "+"),
    ]
    assert code_of(tmp_path, mirrored(exons), other[strand], reference).code == code


def test_soft_masked_transcripts_are_repeats(tmp_path):
    genome = tmp_path / "genome.fa"
    genome.write_text(">chr1\n" + "A" * 30000 + "acgt" * 500 + "A" * 1000 + "\n")
    queries = [
        transcript("masked", "30001-30100"),
        transcript("half", "29901-30100"),
        transcript("plain", "29001-29100"),
    ]
    found = evaluated(tmp_path, queries, REFERENCE, genome).transcripts
    assert {one.transcript_id: one.code for one in found} == {
        "masked": "r",
        "half": "u",
        "plain": "u",
    }


def test_an_identical_transcript_wins_over_one_that_contains(tmp_path):
    longer = transcript("longer", "500-700,1000-1200,1500-1700,2000-2300")
    one = code_of(tmp_path, "1000-1200,1500-1700,2000-2300", reference=[longer, THREE])
    assert (one.code, one.reference_transcript, one.reference_gene) == ("=", "three", "three.g")


def test_of_identical_intron_chains_the_one_with_the_same_ends_is_told(tmp_path):
    larger = transcript("larger", "900-1200,1500-1700,2000-2400")
    one = code_of(tmp_path, "1000-1200,1500-1700,2000-2300", reference=[THREE, larger])
    assert (one.code, one.reference_transcript) == ("=", "three")


def test_of_equal_ranks_the_one_with_most_common_sites_is_told(tmp_path):
    fewer = transcript("fewer", "1000-1200,1500-1700,2000-2300")
    more = transcript("more", "1010-1200,1500-1650,2050-2300,2500-2600")
    one = code_of(tmp_path, "1000-1200,1500-1650,2000-2300,2500-2600", reference=[fewer, more])
    assert (one.code, one.reference_transcript) == ("j", "more")


def test_a_single_exon_is_told_of_single_exons_first(tmp_path):
    spliced = transcript("spliced", "1000-3000,4000-4100")
    single = transcript("alone", "1500-3500")
    one = code_of(tmp_path, "1600-1900", reference=[spliced, single])
    assert (one.code, one.reference_transcript) == ("c", "alone")


def test_a_transcript_without_a_strand_takes_that_of_what_it_overlaps(tmp_path):
    one = code_of(tmp_path, "20010-20490", strand=".")
    assert (one.code, one.strand) == ("=", "-")


def test_a_transcript_without_a_strand_and_without_overlap_stays_so(tmp_path):
    one = code_of(tmp_path, "50000-51000", strand=".")
    assert (one.code, one.strand) == ("u", ".")


def test_an_unspliced_transcript_takes_no_strand_from_introns_it_retains(tmp_path):
    # gffcompare counts no nucleotides in common for code m, and orients by these.
    one = code_of(tmp_path, "1100-2100", strand=".")
    assert (one.code, one.strand) == ("m", ".")


def test_a_transcript_without_a_strand_takes_that_of_other_predicted_ones(tmp_path):
    queries = [transcript("known", "50000-50900", "-"), transcript("query", "50500-51000", ".")]
    found = evaluated(tmp_path, queries, REFERENCE).transcripts
    assert [one.strand for one in found] == ["-", "-"]
