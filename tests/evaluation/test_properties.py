"""Properties of evaluations that hold for any annotation."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from transgenic_dagster.evaluation.annotation_reader import Annotation
from transgenic_dagster.evaluation.change_log import Change
from transgenic_dagster.evaluation.changes import find_changes
from transgenic_dagster.evaluation.evaluate import evaluate
from transgenic_dagster.evaluation.levels import Counts, SideCounts
from transgenic_dagster.evaluation.loci import find_loci
from transgenic_dagster.evaluation.segments import merge, shared, total
from transgenic_dagster.evaluation.transcripts import Transcript

LEVELS = ("base", "exon", "intron", "intron chain", "transcript", "locus")
SLOT = 2000


@st.composite
def chains(draw, least=1):
    """Exons within a slot of 2,000 nt, with introns of five nucleotides or more."""
    cuts = draw(st.lists(st.integers(0, 180), min_size=2, max_size=10, unique=True))
    cuts = sorted(10 * cut for cut in cuts)
    exons = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    return exons if len(exons) >= least else ((0, 300), (500, 900))


@st.composite
def annotations(draw, least=1, slots=4):
    """Annotations of one sequence whose transcripts repeat no intron chain of their strand."""
    transcripts, seen = [], set()
    for number in range(draw(st.integers(1, 8))):
        offset = SLOT * draw(st.integers(0, slots - 1))
        exons = tuple((start + offset, end + offset) for start, end in draw(chains(least)))
        strand = draw(st.sampled_from("+-"))
        key = strand, tuple((a[1], b[0]) for a, b in pairwise(exons))
        if key in seen or (len(exons) == 1 and (strand, offset) in seen):
            continue
        seen |= {key, (strand, offset)} if len(exons) == 1 else {key}
        cds = exons if draw(st.booleans()) else ()
        phases = (0,) * len(cds)
        gene = f"g{offset}{strand}"
        transcripts.append(
            Transcript(f"t{number}", gene, "chr1", strand, "test", exons, cds, phases)
        )
    return Annotation("made up", {"chr1": transcripts}, {})


@settings(max_examples=50)
@given(annotations())
def test_an_annotation_has_all_of_itself(annotation):
    found = evaluate(annotation, annotation)
    for measures in (found.exons, found.cds):
        for level in measures.levels:
            assert level.sensitivity in {None, 100.0}
            assert level.precision in {None, 100.0}
        assert all(one.missed == one.novel == 0 for one in measures.unmatched)
    assert {one.code for one in found.transcripts} == {"="}
    for level in (*found.coding, *found.splicing_events):
        assert level.sensitivity in {None, 100.0}
    assert found.phases.agreeing == found.phases.shared


@settings(max_examples=50)
@given(annotations(least=2), st.data())
def test_repeats_cost_an_annotation_precision_against_itself_and_nothing_else(annotation, data):
    kept = annotation.transcripts["chr1"]
    repeats = []
    for one in data.draw(st.lists(st.sampled_from(kept), max_size=4, unique_by=id)):
        exons = list(one.exons)
        exons[0] = (data.draw(st.integers(exons[0][0], exons[0][1] - 1)), exons[0][1])
        exons[-1] = (exons[-1][0], data.draw(st.integers(exons[-1][0] + 1, exons[-1][1])))
        name = f"{one.transcript_id}.again"
        repeats.append(replace(one, transcript_id=name, exons=tuple(exons), cds=(), phases=()))
    whole = Annotation("made up", {"chr1": [*kept, *repeats]}, {})
    found = evaluate(whole, whole)
    assert found.exons.reference.duplicates == len(repeats)
    assert {level.sensitivity for level in found.exons.levels} == {100.0}
    assert found.exons.level("transcript").predicted_matched == len(kept)
    assert found.exons.level("transcript").predicted_total == len(kept) + len(repeats)
    assert found.exons.level("locus").precision == 100.0
    assert {one.code for one in found.transcripts} == {"="}


@settings(max_examples=50)
@given(annotations(least=2), annotations(least=2))
def test_swapping_annotations_swaps_sensitivity_and_precision(one, other):
    there, back = evaluate(one, other), evaluate(other, one)
    for name in ("base", "exon", "intron chain", "transcript", "locus"):
        level, swapped = there.exons.level(name), back.exons.level(name)
        assert (level.sensitivity, level.precision) == (swapped.precision, swapped.sensitivity)
    for level, swapped in zip(there.coding, back.coding, strict=True):
        assert (level.sensitivity, level.precision) == (swapped.precision, swapped.sensitivity)
    for level, swapped in zip(there.splicing_events, back.splicing_events, strict=True):
        assert (level.sensitivity, level.precision) == (swapped.precision, swapped.sensitivity)


@settings(max_examples=50)
@given(annotations(), annotations(), st.randoms(use_true_random=False))
def test_the_order_of_transcripts_does_not_matter(one, other, random):
    shuffled = [
        Annotation(side.name, {"chr1": random.sample(rows, len(rows))}, {})
        for side in (one, other)
        for rows in side.transcripts.values()
    ]
    assert evaluate(one, other) == evaluate(*shuffled)
    assert find_changes(one, other) == find_changes(*shuffled)


@settings(max_examples=50)
@given(annotations(), annotations())
def test_every_transcript_has_a_code_and_every_gene_a_change(one, other):
    found = evaluate(one, other)
    assert len(found.transcripts) == len(one.transcripts["chr1"])
    assert sum(found.class_codes.values()) == len(found.transcripts)
    log = find_changes(one, other)
    genes = {(gene.gene_id, gene.strand) for gene in one.transcripts["chr1"]}
    assert {(row.input_gene, row.strand) for row in log.genes if row.input_gene} == genes
    told = {name for row in log.genes for name in row.output_genes}
    assert told == {gene.gene_id for gene in other.transcripts["chr1"]}


@settings(max_examples=50)
@given(annotations())
def test_an_annotation_that_stays_is_unchanged(annotation):
    counts = find_changes(annotation, annotation).counts()
    assert counts[Change.UNCHANGED] == sum(counts.values())


@settings(max_examples=50)
@given(annotations(), annotations())
def test_matches_and_the_rest_add_up(one, other):
    measures = evaluate(one, other).exons
    for level in measures.levels:
        assert 0 <= level.reference_matched <= level.reference_total
        assert 0 <= level.predicted_matched <= level.predicted_total
    for unmatched, name in zip(measures.unmatched, ("exon", "intron", "locus"), strict=True):
        level = measures.level(name)
        assert unmatched.missed + level.reference_matched <= level.reference_total
        assert unmatched.novel + level.predicted_matched <= level.predicted_total


segments = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1]))
)


@given(segments, segments)
def test_shared_nucleotides_are_those_of_both(ones, others):
    positions = [{p for start, end in side for p in range(start, end)} for side in (ones, others)]
    assert shared(merge(ones), merge(others)) == len(positions[0] & positions[1])
    assert total(merge(ones)) == len(positions[0])


@settings(max_examples=50)
@given(annotations())
def test_loci_are_linked_by_shared_exon_positions(annotation):
    for strand in "+-":
        rows = [one for one in annotation.transcripts["chr1"] if one.strand == strand]
        groups: list[tuple[set[int], set[str]]] = []
        for one in rows:
            covered = {p for start, end in one.exons for p in range(start, end)}
            names = {one.transcript_id}
            for group in [group for group in groups if group[0] & covered]:
                groups.remove(group)
                covered, names = covered | group[0], names | group[1]
            groups.append((covered, names))
        found = [{one.transcript_id for one in locus.transcripts} for locus in find_loci(rows)]
        assert sorted(map(sorted, found)) == sorted(sorted(names) for _, names in groups)


@settings(max_examples=50)
@given(annotations(), annotations())
def test_sequences_add_up(one, other):
    counts = Counts(SideCounts(), SideCounts())
    alone = Counts(SideCounts(), SideCounts())
    loci = [
        find_loci(row for row in side.transcripts["chr1"] if row.strand == "+")
        for side in (one, other)
    ]
    alone.add_strand(*loci)
    counts.add(alone)
    counts.add(alone)
    for twice, once in zip(counts.measures().levels, alone.measures().levels, strict=True):
        assert twice.reference_total == 2 * once.reference_total
        assert twice.sensitivity == once.sensitivity
