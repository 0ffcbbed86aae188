from dataclasses import replace

import pytest
from gene_builders import gene_of

from transgenic_dagster.gene_models.filters import Filters
from transgenic_dagster.gene_models.gene_model import Orf, Refinement

DNA = "ATG" + "GCC" * 40 + "TAA" + "C" * 200
THREE = gene_of(
    "0|CDS1|123|+|A;0|CDS2|126|+|A;126|three_prime_UTR1|150|+|.>CDS1;CDS2;CDS2|three_prime_UTR1",
    DNA,
)


def applied(gene=THREE, **filters):
    kept, left_out = Filters(**filters).apply(gene)
    numbers = [one.number for one in kept.transcripts] if kept else None
    return numbers, [(one.transcript, str(one.reason)) for one in left_out]


def test_without_filters_nothing_is_left_out():
    assert Filters().apply(THREE) == (THREE, [])


def test_a_gene_below_the_confidence_is_left_out_whole():
    assert applied(min_confidence=0.98765) == ([1, 2, 3], [])
    assert applied(min_confidence=0.988) == (None, [(None, "low_confidence")])


def test_transcripts_without_a_complete_frame_are_left_out():
    assert applied(complete_only=True) == ([2, 3], [(1, "incomplete_frame")])


@pytest.mark.parametrize("orf", Orf)
def test_refinement_says_what_is_complete(orf):
    gene = replace(
        THREE,
        transcripts=tuple(replace(one, refinement=Refinement(orf)) for one in THREE.transcripts),
    )
    kept, left_out = applied(gene, complete_only=True)
    assert kept == ([1, 2, 3] if orf is Orf.COMPLETE else None)
    assert len(left_out) == (0 if orf is Orf.COMPLETE else 3)


def test_of_isoforms_the_longest_cds_then_the_longest_exons_stay():
    shorter = [(1, "shorter_isoform"), (2, "shorter_isoform")]
    assert applied(longest_isoform=True) == ([3], shorter)


def test_the_longest_isoform_is_sought_among_what_is_complete():
    longer = gene_of("0|CDS1|180|+|A;0|CDS2|126|+|A>CDS1;CDS2", DNA)
    assert applied(longer, longest_isoform=True)[0] == [1]
    assert applied(longer, longest_isoform=True, complete_only=True) == (
        [2],
        [(1, "incomplete_frame")],
    )
