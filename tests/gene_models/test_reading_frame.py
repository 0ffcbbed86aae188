"""The dynamic programme against trying everything, and the states that it is made of."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.gene_models.coding_exons import coding_exons
from transgenic_dagster.gene_models.frame_states import (
    BASES,
    BEFORE_START,
    BETWEEN_CODONS,
    DEAD,
    ENDED,
    NEXT_STATE,
)
from transgenic_dagster.gene_models.gene_model import CdsPart, TranscriptStructure
from transgenic_dagster.gene_models.qc import STOP_CODONS, assess
from transgenic_dagster.gene_models.reading_frame import (
    ODD_INTRON_COST,
    Reading,
    least_cost_reading,
)
from transgenic_dagster.gene_models.strand_view import INTRON_COSTS, MIN_INTRON, StrandView

REACH = 2


def read(state: int, bases: str) -> int:
    for base in bases:
        state = int(NEXT_STATE[state, BASES.index(base)])
    return state


@pytest.mark.parametrize("codon", ["".join(bases) for bases in product(BASES, repeat=3)])
def test_a_codon_ends_the_frame_if_it_is_a_stop_and_begins_it_if_it_is_a_start(codon):
    assert read(BETWEEN_CODONS, codon) == (ENDED if codon in STOP_CODONS else BETWEEN_CODONS)
    assert read(BEFORE_START, codon) == (BETWEEN_CODONS if codon == "ATG" else DEAD)


def test_nothing_follows_a_stop_codon():
    assert {read(ENDED, base) for base in BASES} == {DEAD}


def transcript(positions):
    parts, phase = [], 0
    for start, end in zip(positions[::2], positions[1::2], strict=True):
        parts.append(CdsPart(start, end, phase))
        phase = (phase - (end - start)) % 3
    return TranscriptStructure("+", tuple(parts))


def intron_cost(sequence, intron, written):
    start, end = intron
    ends = sequence[start : start + 2], sequence[end - 2 : end]
    is_canonical = end - start >= 4 and ends in INTRON_COSTS
    if intron == written:
        return 0.0 if is_canonical else ODD_INTRON_COST
    return INTRON_COSTS[ends] if is_canonical and end - start >= MIN_INTRON else np.inf


def least_cost_by_trying(sequence, exons):
    """Return the least cost of all ways to place the boundaries, infinite where none reads."""
    boundaries = [boundary for exon in exons for boundary in (exon.left, exon.right)]
    written = [boundary.position for boundary in boundaries]
    least = np.inf
    for offsets in product(range(-REACH, REACH + 1), repeat=len(boundaries)):
        positions = [place + offset for place, offset in zip(written, offsets, strict=True)]
        ordered = all(left < right for left, right in pairwise(positions))
        if not ordered or positions[0] < 0 or positions[-1] > len(sequence):
            continue
        cost = sum(
            float(boundary.costs_of(np.array(place)))
            for boundary, place in zip(boundaries, positions, strict=True)
        )
        for index in range(1, len(positions) - 1, 2):
            cost += intron_cost(
                sequence, tuple(positions[index : index + 2]), tuple(written[index : index + 2])
            )
        if cost < least:
            quality = assess(transcript(positions), sequence, 0)
            if quality.start_codon and quality.stop_codon and not quality.inframe_stops:
                least = cost
    return least


@given(st.randoms(use_true_random=True), st.integers(1, 2), st.sampled_from(["ACGT", "AGT", "AG"]))
@settings(max_examples=150, deadline=None)
def test_no_other_placement_is_cheaper(rng, n_exons, letters):
    def dna(least, most):
        return "".join(rng.choices(letters, k=rng.randint(least, most)))

    sequence = dna(0, 3)
    positions = []
    for number in range(n_exons):
        positions.append(len(sequence) + rng.randint(0, 1))
        sequence += rng.choice(["ATG", "A", "AT"]) if number == 0 else rng.choice(["", "TG", "G"])
        sequence += dna(1, 9) + (rng.choice(["TAA", "TGA"]) if number == n_exons - 1 else "")
        positions.append(max(len(sequence) + rng.randint(-1, 1), positions[-1] + 1))
        if number < n_exons - 1:
            sequence += rng.choice(["GT", "GC", "AT"]) + dna(16, 19) + rng.choice(["AG", "AC"])
    positions[-1] = min(positions[-1], len(sequence))
    view = StrandView(sequence, 0, "+")
    written = transcript(positions)
    exons = coding_exons(view, written, [None] * len(positions), {}, REACH)
    reading = least_cost_reading(view, exons)
    expected = least_cost_by_trying(sequence, exons)
    if reading is None:
        assert expected == np.inf
    else:
        assert isinstance(reading, Reading)
        assert reading.cost == pytest.approx(expected)
