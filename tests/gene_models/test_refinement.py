"""Refinement of transcripts whose right coordinates are worked out by hand.

The background is C, which has no codon and no splice site of its own. Windows start at 1000.
"""

import random

import numpy as np
import pytest

from transgenic_dagster.gene_models.boundary_costs import BoundaryKind, digit_costs
from transgenic_dagster.gene_models.gene_model import CdsPart, Interval, TranscriptStructure
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gene_models.refinement import Orf, RefinedTranscript, refine_gene
from transgenic_dagster.sequences.dna import reverse_complement

WINDOW_START = 1000
FLANK = "C" * 100
INTRON = "GT" + "C" * 30 + "AG"  # 34 nt


def structure(cds, five=(), three=(), strand="+", phase=0):
    """Return a transcript whose phases follow from that of its first part."""
    parts = []
    for start, end in cds if strand == "+" else reversed(cds):
        parts.append(CdsPart(start, end, phase))
        phase = (phase - (end - start)) % 3
    return TranscriptStructure(
        strand,
        tuple(sorted(parts)),
        tuple(Interval(*part) for part in five),
        tuple(Interval(*part) for part in three),
    )


def refine(written: TranscriptStructure, sequence: str, **options) -> RefinedTranscript:
    (refined,) = refine_gene([written], sequence, WINDOW_START, **options)
    return refined


def moves(refined: RefinedTranscript) -> list[str]:
    return [str(move) for move in refined.moves]


def coding(refined: RefinedTranscript) -> list[tuple[int, int]]:
    return [(part.start, part.end) for part in refined.structure.cds]


# One exon: ATG at 1100, stop codon 1109 to 1112.
ONE_EXON = FLANK + "ATGGCAGCATAA" + FLANK


def test_a_stop_that_misses_its_codon_moves_to_it_and_the_utr_follows():
    written = structure([(1100, 1108)], three=[(1108, 1150)])
    refined = refine(written, ONE_EXON)
    assert refined.structure == structure([(1100, 1112)], three=[(1112, 1150)])
    assert refined.orf is Orf.COMPLETE
    assert moves(refined) == ["stop:+4"]
    assert (refined.moves[0].old, refined.moves[0].new) == (1108, 1112)
    assert refined.cost == refined.moves[0].cost > 0
    assert refined.structure.exons == written.exons


def test_a_utr_that_becomes_empty_goes():
    written = structure([(1100, 1108)], three=[(1108, 1111)])
    assert refine(written, ONE_EXON).structure == structure([(1100, 1112)])


def test_a_stop_beyond_the_first_in_frame_moves_back_and_the_utr_grows():
    written = structure([(1100, 1127)], three=[(1127, 1150)])
    refined = refine(written, ONE_EXON)
    assert refined.structure == structure([(1100, 1112)], three=[(1112, 1150)])
    assert moves(refined) == ["stop:-15"]


def test_a_start_that_misses_its_codon_moves_to_it_and_the_utr_follows():
    written = structure([(1097, 1112)], five=[(1050, 1097)])
    refined = refine(written, ONE_EXON)
    assert refined.structure == structure([(1100, 1112)], five=[(1050, 1100)])
    assert moves(refined) == ["start:+3"]


def test_on_the_reverse_strand_offsets_run_along_the_transcript():
    # The mirror image of ONE_EXON: the ATG ends at 1112, the stop codon begins at 1100.
    written = structure([(1104, 1112)], three=[(1060, 1104)], strand="-")
    refined = refine(written, reverse_complement(ONE_EXON))
    assert refined.structure == structure([(1100, 1112)], three=[(1060, 1100)], strand="-")
    assert moves(refined) == ["stop:+4"]
    assert (refined.moves[0].old, refined.moves[0].new) == (1104, 1100)


def test_a_gene_that_fills_its_window_is_refined():
    refined = refine(structure([(1001, 1010)]), "ATGGCAGCATAA")
    assert coding(refined) == [(1000, 1012)]
    assert moves(refined) == ["start:-1", "stop:+2"]


def test_no_boundary_moves_farther_than_allowed():
    written = structure([(1100, 1108)])
    assert coding(refine(written, ONE_EXON, max_distance=4)) == [(1100, 1112)]
    refined = refine(written, ONE_EXON, max_distance=3)
    assert refined.orf is Orf.PARTIAL3
    assert refined.structure == written
    assert moves(refined) == []


# Two exons, 1100 to 1107 and 1141 to 1149: the codon GCA is split as G|CA.
SPLIT_CODON = FLANK + "ATGGCAG" + INTRON + "CAGCATAA" + FLANK


def test_a_codon_split_by_an_intron_is_read_on_behind_it():
    refined = refine(structure([(1100, 1107), (1141, 1145)]), SPLIT_CODON)
    assert coding(refined) == [(1100, 1107), (1141, 1149)]
    assert [part.phase for part in refined.structure.cds] == [0, 2]


@pytest.mark.parametrize("strand", ["+", "-"])
def test_a_donor_that_slipped_moves_back_to_its_site(strand):
    cds, sequence = [(1100, 1105), (1141, 1149)], SPLIT_CODON
    right = [(1100, 1107), (1141, 1149)]
    if strand == "-":
        sequence = reverse_complement(sequence)
        total = 2 * WINDOW_START + len(sequence)
        cds = sorted((total - end, total - start) for start, end in cds)
        right = sorted((total - end, total - start) for start, end in right)
    refined = refine(structure(cds, strand=strand), sequence)
    assert coding(refined) == right
    assert moves(refined) == ["donor1:+2"]


def test_a_stop_codon_may_be_split_by_an_intron():
    # ATG GCA T|AA: exons 1100 to 1107 and 1141 to 1143.
    sequence = FLANK + "ATGGCAT" + INTRON + "AA" + FLANK
    refined = refine(structure([(1100, 1107), (1141, 1148)]), sequence)
    assert coding(refined) == [(1100, 1107), (1141, 1143)]
    assert refined.orf is Orf.COMPLETE


def test_a_start_codon_may_be_split_by_an_intron():
    # A|TG GCA TAA: exons 1100 to 1101 and 1135 to 1143.
    sequence = FLANK + "A" + INTRON + "TGGCATAA" + FLANK
    refined = refine(structure([(1100, 1101), (1135, 1140)]), sequence)
    assert coding(refined) == [(1100, 1101), (1135, 1143)]
    assert refined.orf is Orf.COMPLETE


def test_a_stop_codon_across_a_splice_junction_is_seen():
    # From the written acceptor at 1141 the codon T|AA would end it, too far from the written end;
    # from 1144 on it reads T|CC and thirty times ACC.
    sequence = FLANK + "ATGGCAT" + INTRON + "AAG" + "CC" + "ACC" * 30 + "TAA" + FLANK
    refined = refine(structure([(1100, 1107), (1141, 1239)]), sequence)
    assert coding(refined) == [(1100, 1107), (1144, 1239)]
    assert moves(refined) == ["acceptor2:+3"]


def test_codons_with_n_are_no_stop_and_no_start():
    sequence = FLANK + "ATGTANGCATAA" + FLANK
    assert coding(refine(structure([(1100, 1109)]), sequence)) == [(1100, 1112)]
    sequence = FLANK + "ATNGCAGCATAA" + FLANK
    assert refine(structure([(1100, 1112)]), sequence).orf is Orf.PARTIAL5


def test_splice_sites_with_n_are_not_canonical():
    # The donor GN at 1107 is none; GT lies at 1110, 3 nt on.
    sequence = FLANK + "ATGGCAGGNCGT" + "C" * 30 + "AG" + "CAGCATAA" + FLANK
    refined = refine(structure([(1100, 1107), (1144, 1150)]), sequence)
    assert coding(refined)[0] == (1100, 1110)


@pytest.mark.parametrize("ends", [("GT", "AG"), ("GC", "AG"), ("AT", "AC")])
@pytest.mark.parametrize("length", [4, 19, 34])
def test_a_canonical_transcript_stays_as_it_is(ends, length):
    intron = ends[0] + "C" * (length - 4) + ends[1]
    sequence = FLANK + "ATGGCAG" + intron + "CAGCATAA" + FLANK
    written = structure(
        [(1100, 1107), (1107 + length, 1115 + length)],
        five=[(1090, 1100)],
        three=[(1115 + length, 1130 + length)],
    )
    assert refine(written, sequence) == RefinedTranscript(written, Orf.COMPLETE)


def test_an_intron_with_odd_ends_stays_where_no_better_one_is_near():
    intron = "CT" + "C" * 30 + "CC"
    sequence = FLANK + "ATGGCAG" + intron + "CAGCATAA" + FLANK
    written = structure([(1100, 1107), (1141, 1149)])
    assert refine(written, sequence) == RefinedTranscript(written, Orf.COMPLETE)
    quality = assess(written, sequence, WINDOW_START)
    assert (quality.canonical_introns, quality.introns) == (0, 1)


@pytest.mark.parametrize("missed", ["donor", "acceptor"])
def test_an_odd_intron_is_never_made_by_moving_one_of_its_ends(missed):
    # The only intron that reads is CT-CC from 1107 to 1141; of it one end was written.
    intron = "CT" + "C" * 30 + "CC"
    sequence = FLANK + "ATGGCAG" + intron + "CAGCATAA" + FLANK
    donor, acceptor = (1106, 1141) if missed == "donor" else (1107, 1142)
    written = structure([(1100, donor), (acceptor, 1149)])
    refined = refine(written, sequence)
    introns = list(zip(coding(refined), coding(refined)[1:], strict=False))
    assert all((left[1], right[0]) == (donor, acceptor) for left, right in introns)


def test_isoforms_share_their_moves():
    cut = structure([(1100, 1108)], three=[(1108, 1150)])
    longer = structure([(1100, 1108)], three=[(1108, 1180)])
    first, second = refine_gene([cut, longer], ONE_EXON, WINDOW_START)
    assert moves(first) == moves(second) == ["stop:+4"]
    assert first.cost > 0
    assert second.cost == 0


def test_a_gene_cut_off_at_its_start_is_partial():
    # Nothing but stop codon and frame: GCA GCA TAA behind a loose AA.
    refined = refine(structure([(1000, 1008)]), "CCGCAGCATAA" + FLANK)
    assert refined.orf is Orf.PARTIAL5
    assert coding(refined) == [(1000, 1011)]
    assert refined.structure.cds[0].phase == 2
    assert refined.total_cost > refined.cost


def test_a_first_phase_other_than_0_means_a_partial_gene():
    sequence = FLANK + "ATGCCGCAGCATAA" + FLANK  # an ATG lies near, but out of reach of the phase
    written = structure([(1103, 1114)], phase=2)
    assert refine(written, sequence) == RefinedTranscript(written, Orf.PARTIAL5)


def test_a_partial_gene_that_comes_to_phase_0_gets_its_start():
    # As written the donor lies 1 nt late, in an intron TC-AG, and the phase is 1.
    sequence = FLANK + "ATGGCAG" + INTRON + "CAGCATAA" + FLANK
    written = structure([(1100, 1108), (1141, 1149)], phase=1)
    refined = refine(written, sequence)
    assert coding(refined) == [(1100, 1107), (1141, 1149)]
    assert refined.orf is Orf.COMPLETE
    assert refined.structure.cds[0].phase == 0


def test_a_gene_cut_off_at_its_end_is_partial():
    refined = refine(structure([(1102, 1110)]), FLANK + "ATGGCAGCAG")
    assert refined.orf is Orf.PARTIAL3
    assert coding(refined) == [(1100, 1110)]


def test_an_exon_too_many_is_left_out():
    # The exon in the middle holds a stop codon in every frame and no other splice site.
    middle = "TAACTAACTAA"
    sequence = FLANK + "ATGGCA" + INTRON + middle + INTRON + "GCATAA" + FLANK
    written = structure([(1100, 1106), (1140, 1151), (1185, 1191)])
    refined = refine(written, sequence)
    assert coding(refined) == [(1100, 1106), (1185, 1191)]
    assert refined.orf is Orf.COMPLETE
    assert moves(refined) == ["exon2:left_out"]


def test_what_cannot_be_read_stays_as_written():
    # Stop codons in every frame, so near the start that the end cannot reach them.
    written = structure([(1100, 1300)], five=[(1090, 1100)])
    sequence = "CTAACTAACTAA" * 30
    assert refine(written, sequence) == RefinedTranscript(written, Orf.BROKEN)


def test_introns_between_untranslated_parts_get_canonical_ends():
    # The intron is 1020 to 1054 and the start codon lies at 1100.
    sequence = "C" * 20 + INTRON + "C" * 46 + "ATGGCAGCATAA" + FLANK
    written = structure([(1100, 1112)], five=[(1010, 1023), (1050, 1100)])
    refined = refine(written, sequence)
    assert refined.structure == structure([(1100, 1112)], five=[(1010, 1020), (1054, 1100)])
    assert moves(refined) == ["five_prime_donor1:-3", "five_prime_acceptor1:+4"]


def test_an_intron_before_a_start_that_moved_keeps_its_acceptor():
    # The exon begins at 1054, the start codon at 1060; the model wrote the start at 1054.
    sequence = "C" * 20 + INTRON + "C" * 6 + "ATGGCAGCATAA" + FLANK
    written = structure([(1054, 1072)], five=[(1010, 1020)])
    refined = refine(written, sequence)
    assert refined.structure == structure([(1060, 1072)], five=[(1010, 1020), (1054, 1060)])


def test_a_start_that_moves_near_an_untranslated_part_joins_it():
    # No site of an intron lies between 1,097 and the start codon at 1,100.
    sequence = FLANK + "ATGGCAGCATAA" + FLANK
    written = structure([(1106, 1112)], five=[(1080, 1085)])
    refined = refine(written, sequence)
    assert refined.structure == structure([(1100, 1112)], five=[(1080, 1100)])


def test_an_end_that_moves_near_an_untranslated_part_joins_it():
    sequence = FLANK + "ATGGCAGCATAA" + FLANK
    written = structure([(1100, 1106)], three=[(1115, 1130)])
    refined = refine(written, sequence)
    assert refined.structure == structure([(1100, 1112)], three=[(1112, 1130)])


def test_what_the_model_gave_to_other_digits_decides():
    # In frame with the stop there are two starts, 6 nt before and 6 nt behind the written one.
    sequence = FLANK + "ATGGCAGCAGCAATGGCAGCATAA" + FLANK
    written = structure([(1106, 1124)])
    assert refine(written, sequence).structure.cds[0].start == 1100
    digits = np.full((3, 10), 5.0)
    digits[0, 1] = digits[1, 1] = digits[2, 2] = 0.1
    digits[2, 6] = 0.5
    start = digit_costs(106, digits, len(sequence), BoundaryKind.START, 60)
    refined = refine(written, sequence, costs=[[start, None]])
    assert refined.structure.cds[0].start == 1112


def many_exons(count: int) -> tuple[str, list[tuple[int, int]]]:
    """Return a window with one gene, and its coding parts."""
    draw = random.Random(1)
    exons = ["".join(draw.choices("ACG", k=draw.randint(40, 160))) for _ in range(count)]
    exons[0] = "ATG" + exons[0]
    exons[-1] += "C" * (-len("".join(exons)) % 3) + "TAA"
    bases, cds = FLANK, []
    for exon in exons:
        start = WINDOW_START + len(bases)
        cds.append((start, start + len(exon)))
        bases += exon + "GTAAGT" + "".join(draw.choices("ACGT", k=60)) + "TTTGCAG"
    return bases + FLANK, cds


def test_a_gene_with_150_exons_is_refined():
    sequence, cds = many_exons(150)
    cds[149] = (cds[149][0], cds[149][1] - 11)
    cds[70] = (cds[70][0], cds[70][1] + 7)
    refined = refine(structure(cds), sequence)
    quality = assess(refined.structure, sequence, WINDOW_START)
    assert moves(refined) == ["donor71:-7", "stop:+11"]
    assert (quality.start_codon, quality.stop_codon, quality.inframe_stops) == (True, True, 0)
    assert quality.canonical_introns == quality.introns == 149
