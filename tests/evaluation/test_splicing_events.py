import pytest

from tests.evaluation.annotations import annotation, evaluated, transcript
from transgenic_dagster.evaluation.splicing_events import find_events

LONG = "100-200,300-400,500-600"
EVENTS = {
    "SE": ((LONG, "100-200,500-600"), (200, 299, 400, 499)),
    "left": (("100-200,500-600", "100-250,500-600"), (200, 250, 499)),
    "right": (("100-200,500-600", "100-200,450-600"), (200, 449, 499)),
    "RI": (("100-200,500-600", "100-600"), (200, 499)),
    "MXE": (("100-200,300-350,500-600", "100-200,400-450,500-600"), (200, 299, 350, 399, 450, 499)),
}
SIDE = {
    ("left", "+"): "A5SS",
    ("left", "-"): "A3SS",
    ("right", "+"): "A3SS",
    ("right", "-"): "A5SS",
}


def isoforms(chains, strand):
    return [
        transcript(f"t{number}", exons, strand, gene="t0.g" if number else None)
        for number, exons in enumerate(chains)
    ]


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize("kind", EVENTS)
def test_planted_event_is_found_alone(tmp_path, kind, strand):
    chains, sites = EVENTS[kind]
    gene = annotation(tmp_path, *isoforms(chains, strand)).transcripts["chr1"]
    assert find_events(gene) == {(SIDE.get((kind, strand), kind), strand, sites)}


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize("kind", EVENTS)
def test_events_are_recovered_by_a_prediction_that_has_them(tmp_path, kind, strand):
    chains, _ = EVENTS[kind]
    reference = isoforms(chains, strand)
    both = evaluated(tmp_path, reference, reference).splicing_events
    one = evaluated(tmp_path, reference[:1], reference).splicing_events
    assert sum(level.reference_matched for level in both) == 1
    assert sum(level.predicted_total for level in both) == 1
    assert sum(level.reference_total for level in one) == 1
    assert sum(level.reference_matched for level in one) == 0


def test_exons_with_other_starts_are_no_alternative_splice_site(tmp_path):
    gene = annotation(tmp_path, *isoforms(("100-200,500-600", "120-250,500-600"), "+"))
    assert find_events(gene.transcripts["chr1"]) == set()


def test_overlapping_exons_exclude_each_other_not(tmp_path):
    chains = ("100-200,300-350,500-600", "100-200,340-450,500-600")
    gene = annotation(tmp_path, *isoforms(chains, "+")).transcripts["chr1"]
    assert find_events(gene) == set()


def test_transcripts_of_different_genes_have_no_events(tmp_path):
    apart = [transcript("a", LONG), transcript("b", "100-200,500-600")]
    events = evaluated(tmp_path, apart, apart).splicing_events
    assert sum(level.reference_total for level in events) == 0
