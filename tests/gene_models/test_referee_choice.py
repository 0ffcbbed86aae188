import pytest

from transgenic_dagster.gene_models.gene_model import Interval
from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gene_models.referee import (
    Candidate,
    Verdict,
    decide,
    group_loci,
    refuted_by,
)
from transgenic_dagster.gsf.from_parts import Part
from transgenic_dagster.input_genes.gene import Gene


def gene(annotation, *parts, strand="+", name="g", seqid="c", span=None):
    """A gene with one transcript of some CDS parts."""
    start, end = span or (parts[0][0], parts[-1][1])
    row = Gene(name, seqid, start, end, strand, 1, 0)
    made = tuple(Part("CDS", left, right, strand, 0) for left, right in parts)
    transcripts = (InputTranscript(f"{name}.1", made),) if parts else ()
    return Candidate(annotation, ord(annotation) - ord("A"), row, transcripts)


def names(locus):
    return [one.annotation for one in locus]


def judged(locus, *log_probabilities):
    verdicts = [one if isinstance(one, Verdict) else Verdict(one) for one in log_probabilities]
    return {id(d.candidate): d for d in decide(locus, verdicts)}


def test_genes_that_overlap_on_a_strand_are_one_locus():
    a, b, c = gene("A", (0, 100)), gene("B", (50, 200)), gene("A", (150, 300))
    alone, other = gene("B", (300, 400)), gene("B", (0, 100), seqid="d")
    loci = group_loci([a, b, c, alone, other])
    assert sorted(map(len, loci)) == [1, 1, 3]


def test_both_strands_are_one_locus_only_where_annotations_contradict_each_other():
    plus, minus = gene("A", (0, 100)), gene("B", (0, 100), strand="-")
    assert [len(locus) for locus in group_loci([plus, minus])] == [2]
    assert len(group_loci([plus, gene("B", (80, 400), strand="-")])) == 2
    both = [plus, gene("A", (0, 90), strand="-"), minus]
    assert sorted(len(locus) for locus in group_loci(both)) == [1, 2]


def test_the_likelier_gene_is_taken_with_its_margin():
    a, b = gene("A", (0, 90)), gene("B", (0, 96))
    found = judged([a, b], -9.0, -2.5)
    assert (found[id(b)].taken, found[id(b)].against, found[id(b)].margin) == (True, a, 6.5)
    assert (found[id(a)].taken, found[id(a)].against, found[id(a)].margin) == (False, b, -6.5)


def test_what_the_dna_refutes_loses_to_what_it_does_not():
    a, b = gene("A", (0, 90)), gene("B", (0, 96))
    found = judged([a, b], Verdict(-1.0, refuted="inframe_stops"), -20.0)
    assert found[id(b)].taken
    assert found[id(b)].margin == -19.0
    assert judged([a], Verdict(-1.0, refuted="inframe_stops"))[id(a)].taken


def test_further_genes_are_taken_where_no_coding_base_is():
    joined = gene("A", (0, 90), (500, 590))
    first, second = gene("B", (0, 90), name="b1"), gene("B", (500, 590), name="b2")
    found = judged([joined, first, second], -30.0, -4.0, -9.0)
    assert [found[id(one)].taken for one in (joined, first, second)] == [False, True, True]
    found = judged([joined, first, second], -3.0, -4.0, -9.0)
    assert [found[id(one)].taken for one in (joined, first, second)] == [True, False, False]


def test_the_same_structure_counts_once_and_is_no_rival():
    a, b, c = gene("A", (0, 90)), gene("B", (0, 90)), gene("C", (0, 93))
    found = judged([c, b, a], -8.0, -2.0, -2.0)
    assert found[id(a)].taken
    assert found[id(a)].against is c
    assert found[id(b)].same
    assert not found[id(c)].same


def test_genes_of_both_strands_stay_where_one_annotation_tells_both():
    plus, minus = gene("A", (0, 100)), gene("A", (20, 100), strand="-")
    rival = gene("B", (20, 120), strand="-")
    found = judged([plus, minus, rival], -1.0, -2.0, -3.0)
    assert found[id(plus)].taken
    assert found[id(minus)].taken
    assert not found[id(rival)].taken


def test_what_has_no_score_is_kept_only_where_nothing_else_is():
    lnc, coding = gene("A", span=(0, 300)), gene("B", (0, 90))
    unscored = Verdict(None, reason="no_cds")
    found = judged([lnc, coding], unscored, -50.0)
    assert not found[id(lnc)].taken
    assert found[id(coding)].taken
    assert found[id(coding)].margin is None
    other = gene("C", span=(10, 200))
    found = judged([lnc, other], unscored, unscored)
    assert [found[id(lnc)].taken, found[id(other)].taken] == [True, False]


@pytest.mark.parametrize(
    ("sequence", "refuted"),
    [
        ("ATGAAATTTTAA", ""),
        ("ATGTAATTTTAA", "inframe_stops"),
        ("ATGAAATTTGGG", ""),
        ("GGGAAATTTTAA", ""),
        ("GGGAAATTTGGG", "no_frame"),
    ],
)
def test_the_dna_refutes_stops_in_frame_and_what_has_no_frame(sequence, refuted):
    assert refuted_by(gene("A", (100, 112)), sequence, 100) == refuted


def test_coding_bases_of_all_isoforms_are_joined():
    one = gene("A", (0, 90), (200, 290))
    parts = (Part("CDS", 80, 120, "+", 0), Part("five_prime_UTR", 300, 400, "+", None))
    more = (*one.transcripts, InputTranscript("x", parts))
    both = Candidate("A", 0, one.gene, more)
    assert both.coding == (Interval(0, 120), Interval(200, 290))
    assert both.shared_coding(one) == 180
