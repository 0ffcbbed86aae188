import pytest
from gene_builders import gene_of
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.gene_models.gene_model import CdsPart, TranscriptStructure
from transgenic_dagster.gene_models.qc import assess

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def reverse_complement(sequence):
    return sequence.translate(COMPLEMENT)[::-1]


def quality_of(sequence, clean):
    return gene_of(clean, sequence).transcripts[0].quality


def single_exon(coding, strand="+", phase=0):
    sequence = coding if strand == "+" else reverse_complement(coding)
    structure = TranscriptStructure(strand, (CdsPart(70, 70 + len(coding), phase),))
    return assess(structure, "NN" + sequence, window_start=68)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_complete_reading_frame_has_start_stop_and_protein(strand):
    quality = single_exon("ATGGCTTGGAAATAA", strand)

    assert quality.start_codon
    assert quality.stop_codon
    assert quality.inframe_stops == 0
    assert quality.protein == "MAWK"


def test_stops_before_the_last_codon_are_counted_and_shown():
    quality = single_exon("ATGTAAGCTTGATAG")
    assert (quality.stop_codon, quality.inframe_stops, quality.protein) == (True, 2, "M*A*")


def test_a_stop_before_loose_bases_is_an_inner_stop():
    quality = single_exon("ATGGCTTAAC")
    assert (quality.stop_codon, quality.inframe_stops, quality.protein) == (False, 1, "MA*")


def test_a_partial_gene_is_read_from_its_phase_and_has_no_start_codon():
    quality = single_exon("AATGGCTTAA", phase=1)
    assert (quality.start_codon, quality.stop_codon, quality.protein) == (False, True, "MA")
    assert not single_exon("ATGGCTTA", phase=2).start_codon


def test_codons_with_n_read_x_and_are_no_stop():
    quality = single_exon("NTGGCNTAN")
    assert (quality.start_codon, quality.inframe_stops, quality.protein) == (False, 0, "XXX")


@pytest.mark.parametrize("coding", ["A", "AT"])
def test_less_than_a_codon_gives_an_empty_protein(coding):
    quality = single_exon(coding, phase=2)
    assert (quality.protein, quality.stop_codon, quality.start_codon) == ("", False, False)


def test_codons_are_joined_across_introns_on_the_reverse_strand():
    coding = reverse_complement("ATGGC" + "GTAAAG" + "TTAA")
    quality = quality_of(coding, "10|CDS1|15|-|A;0|CDS2|4|-|B>CDS1|CDS2")

    assert quality.protein == "MA"
    assert (quality.start_codon, quality.stop_codon) == (True, True)
    assert (quality.canonical_introns, quality.introns) == (1, 1)


@pytest.mark.parametrize(
    ("intron", "canonical"),
    [
        ("GTCCAG", 1),
        ("GCCCAG", 1),
        ("ATCCAC", 1),
        ("GTAG", 1),
        ("GTCCAC", 0),
        ("CTCCAC", 0),
        ("GNCCAG", 0),
        ("GTG", 0),
        ("A", 0),
    ],
)
@pytest.mark.parametrize("strand", ["+", "-"])
def test_introns_are_canonical_by_their_ends_along_the_strand(intron, canonical, strand):
    sequence = "ATGA" + intron + "AATAA"
    if strand == "-":
        sequence = reverse_complement(sequence)
    left, right = (4, 5) if strand == "+" else (5, 4)
    clean = (
        f"0|CDS1|{left}|{strand}|A;{len(sequence) - right}|CDS2|{len(sequence)}|{strand}|A"
        ">CDS1|CDS2"
    )
    quality = quality_of(sequence, clean)
    assert (quality.canonical_introns, quality.introns) == (canonical, 1)


def test_touching_parts_have_no_intron_between_them():
    quality = quality_of(
        "ATGGCTTAAGG",
        "0|CDS1|5|+|A;5|CDS2|9|+|B;9|three_prime_UTR1|11|+|.>CDS1|CDS2|three_prime_UTR1",
    )
    assert quality.introns == 0
    assert quality.protein == "MA"


@given(st.text(alphabet="ACGTN", min_size=1, max_size=60), st.integers(0, 2))
def test_a_gene_reads_the_same_on_either_strand(coding, phase):
    forward = single_exon(coding, "+", phase)
    assert forward == single_exon(coding, "-", phase)
    whole_codons = max(0, len(coding) - phase) // 3
    assert len(forward.protein) + forward.stop_codon == whole_codons
    assert forward.protein.count("*") == forward.inframe_stops
