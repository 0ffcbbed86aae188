"""What holds for the refinement of any transcript, however wrong."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval, TranscriptStructure
from transgenic_dagster.gene_models.qc import CANONICAL_INTRON_ENDS, assess
from transgenic_dagster.gene_models.refinement import Orf, refine_gene
from transgenic_dagster.gene_models.strand_view import MIN_INTRON
from transgenic_dagster.sequences.dna import reverse_complement

WINDOW_START = 500
MAX_DISTANCE = 15


@st.composite
def genes(draw):
    """Draw a window and isoforms in it: a gene that reads well with its boundaries shifted.

    Shifts are up to 20, so that some cannot be undone; random bases make chance codons and sites.
    """
    rng = draw(st.randoms(use_true_random=True))
    letters = draw(st.sampled_from(["ACGT", "ACGTN", "GTA", "ACG"]))

    def dna(length):
        return "".join(rng.choices(letters, k=length))

    bases, coding = dna(rng.randint(0, 80)), []
    utr_exons = []
    for _ in range(draw(st.integers(0, 2))):
        start = len(bases)
        bases += dna(rng.randint(1, 30))
        utr_exons.append((start, len(bases)))
        bases += rng.choice(["GT", "GT", "CC"]) + dna(rng.randint(0, 40)) + "AG"
    n_exons = draw(st.integers(1, 4))
    for number in range(n_exons):
        start = len(bases)
        bases += "ATG" if number == 0 and rng.random() < 0.8 else ""
        bases += dna(rng.randint(1, 40))
        bases += rng.choice(["TAA", "TAG", "TGA"]) if number == n_exons - 1 else ""
        coding.append((start, len(bases)))
        ends = rng.choice([("GT", "AG"), ("GT", "AG"), ("GC", "AG"), ("AT", "AC"), ("CC", "CC")])
        bases += ends[0] + dna(rng.randint(16, 40)) + ends[1]
    bases += dna(rng.randint(1, 80))

    isoforms = []
    for _ in range(draw(st.integers(1, 3))):
        ends = [end for part in coding for end in part]
        for index in range(len(ends)):
            if rng.random() < 0.4:
                shifted = ends[index] + rng.randint(-20, 20)
                low = ends[index - 1] if index else (utr_exons[-1][1] if utr_exons else -1)
                high = ends[index + 1] if index + 1 < len(ends) else len(bases) + 1
                if low < shifted < high:
                    ends[index] = shifted
        five, three = list(utr_exons), []
        if ends[0] > 0 and rng.random() < 0.5:
            low = (utr_exons[-1][1] + 1) if utr_exons else 0
            five += [(max(low, ends[0] - rng.randint(1, 30)), ends[0])]
        if ends[-1] < len(bases) and rng.random() < 0.5:
            three = [(ends[-1], min(len(bases), ends[-1] + rng.randint(1, 30)))]
        parts, phase = [], rng.choice([0, 0, 0, 1, 2])
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            parts.append(CdsPart(start + WINDOW_START, end + WINDOW_START, phase))
            phase = (phase - (end - start)) % 3
        isoforms.append(TranscriptStructure("+", tuple(parts), intervals(five), intervals(three)))
    if draw(st.booleans()):
        return mirrored(bases, isoforms)
    return bases, isoforms


def intervals(parts):
    return tuple(
        Interval(start + WINDOW_START, end + WINDOW_START) for start, end in parts if start < end
    )


def mirror(structure, length):
    total = 2 * WINDOW_START + length

    def flipped(parts):
        return tuple(sorted(Interval(total - part.end, total - part.start) for part in parts))

    return TranscriptStructure(
        "-" if structure.strand == "+" else "+",
        tuple(sorted(CdsPart(total - c.end, total - c.start, c.phase) for c in structure.cds)),
        flipped(structure.five_prime_utrs),
        flipped(structure.three_prime_utrs),
    )


def mirrored(bases, structures):
    return reverse_complement(bases), [mirror(each, len(bases)) for each in structures]


def refine(gene):
    bases, structures = gene
    return refine_gene(structures, bases, WINDOW_START, max_distance=MAX_DISTANCE)


@given(genes())
@settings(max_examples=300)
def test_refining_what_is_refined_changes_nothing(gene):
    refined = [transcript.structure for transcript in refine(gene)]
    for again, structure in zip(refine((gene[0], refined)), refined, strict=True):
        assert again.structure == structure
        assert again.moves == ()
        assert again.cost == 0


@given(genes())
def test_the_reverse_complement_gives_the_same(gene):
    bases, structures = gene
    there = refine(mirrored(bases, structures))
    for here, other in zip(refine(gene), there, strict=True):
        assert mirror(other.structure, len(bases)) == here.structure
        assert other.orf == here.orf
        assert list(map(str, other.moves)) == list(map(str, here.moves))
        assert other.cost == here.cost


@given(genes())
@settings(max_examples=200)
def test_a_refined_structure_is_valid_and_inside_its_window(gene):
    for refined in refine(gene):
        structure = refined.structure
        parts = sorted([*structure.cds, *structure.five_prime_utrs, *structure.three_prime_utrs])
        assert parts[0][0] >= WINDOW_START
        assert parts[-1][1] <= WINDOW_START + len(gene[0])
        assert all(part[0] < part[1] for part in parts)
        assert all(left[1] <= right[0] for left, right in pairwise(parts))
        assert list(structure.cds) == sorted(structure.cds)
        along = structure.cds if structure.strand == "+" else structure.cds[::-1]
        for left, right in pairwise(along):
            assert right.phase == (left.phase - (left.end - left.start)) % 3


@given(genes())
@settings(max_examples=300)
def test_no_new_intron_is_short_and_no_untranslated_part_misplaced(gene):
    for written, refined in zip(gene[1], refine(gene), strict=True):
        structure = refined.structure
        new = set(structure.introns) - set(written.introns)
        assert all(intron.end - intron.start >= MIN_INTRON for intron in new)
        forward = structure.strand == "+"
        before, behind = structure.five_prime_utrs, structure.three_prime_utrs
        before, behind = (before, behind) if forward else (behind, before)
        assert all(part.end <= structure.cds[0].start for part in before)
        assert all(part.start >= structure.cds[-1].end for part in behind)


@given(genes())
@settings(max_examples=200)
def test_a_complete_reading_frame_is_one(gene):
    bases, structures = gene
    for written, refined in zip(structures, refine(gene), strict=True):
        if refined.orf is Orf.BROKEN:
            assert refined.structure == written
            continue
        quality = assess(refined.structure, bases, WINDOW_START)
        assert quality.inframe_stops == 0
        assert quality.start_codon == (refined.orf is not Orf.PARTIAL5)
        assert quality.stop_codon == (refined.orf is not Orf.PARTIAL3)


@given(genes())
@settings(max_examples=200)
def test_new_introns_are_canonical_and_moves_are_short(gene):
    bases, structures = gene
    for written, refined in zip(structures, refine(gene), strict=True):
        assert all(abs(move.offset) <= MAX_DISTANCE for move in refined.moves)
        kept = {(left.end, right.start) for left, right in pairwise(written.cds)}
        for left, right in pairwise(refined.structure.cds):
            if refined.orf is Orf.BROKEN or (left.end, right.start) in kept:
                continue
            intron = bases[left.end - WINDOW_START : right.start - WINDOW_START]
            if written.strand == "-":
                intron = reverse_complement(intron)
            assert (intron[:2], intron[-2:]) in CANONICAL_INTRON_ENDS
            assert len(intron) >= 20


@given(genes())
def test_moves_lead_from_what_was_written_to_what_is_refined(gene):
    for written, refined in zip(gene[1], refine(gene), strict=True):
        old = {end for part in written.cds for end in part[:2]}
        new = {end for part in refined.structure.cds for end in part[:2]}
        for move in refined.moves:
            if move.boundary.startswith(("start", "stop", "donor", "acceptor")):
                assert move.old in old
                assert move.new in new
                along = 1 if written.strand == "+" else -1
                assert move.offset == along * (move.new - move.old)
