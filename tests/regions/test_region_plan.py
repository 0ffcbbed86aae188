import pytest

from tests.golden import text_cases
from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gene import Gene
from transgenic_dagster.regions.region_plan import plan_regions


def gene(seqid="chr1", start=100, end=200, gene_id="g"):
    return Gene(gene_id, seqid, start, end, "+", 7)


LENGTHS = {"chr1": 100_000, "b%3B": 10_000, "a;b": 9000, "tiny": 4, "short": 5}


def test_regions_are_numbered_in_the_order_of_the_genes():
    genes = [
        gene(gene_id=name, start=start, end=start + 10) for name, start in [("b", 9), ("a", 5)]
    ]
    regions = plan_regions(genes, LENGTHS).regions
    assert [(region.region_id, region.gene_id) for region in regions] == [(0, "b"), (1, "a")]


@pytest.mark.parametrize(
    ("unusable", "reason", "sentence"),
    [
        (
            gene("Chr1"),
            "unknown_sequence",
            "the FASTA file has no sequence Chr1 (it has chr1, which may be the same).",
        ),
        (
            gene("chr9"),
            "unknown_sequence",
            "the FASTA file has no sequence chr9.",
        ),
        (
            gene(start=99_990, end=100_001),
            "outside_sequence",
            "it ends at 100001, but chr1 is only 100000 nt long.",
        ),
        (
            gene("tiny", start=0, end=3),
            "sequence_too_short",
            "tiny is only 4 nt long, and the model needs 5 nt.",
        ),
        (
            gene(start=0, end=50_000),
            "window_too_long",
            "it is 50000 nt long, and its window would be longer"
            " than the 49152 nt that the model reads.",
        ),
    ],
)
def test_genes_without_a_window_are_skipped_with_the_reason(unusable, reason, sentence):
    plan = plan_regions([gene(gene_id="good"), unusable], LENGTHS)
    assert [region.gene_id for region in plan.regions] == ["good"]
    (skip,) = plan.skipped
    assert skip.detail == f"the annotation, line 7: gene g is skipped because {sentence}"
    assert (skip.reason, skip.line, skip.gene_id) == (reason, 7, "g")
    assert skip.is_gene


@pytest.mark.parametrize(("written", "found"), [("b%3B", "b%3B"), ("a%3Bb", "a;b"), ("a;b", "a;b")])
def test_sequence_names_are_taken_as_written_before_they_are_decoded(written, found):
    assert plan_regions([gene(written)], LENGTHS).regions[0].seqid == found


def test_the_shortest_sequence_that_the_model_reads_has_a_region():
    (region,) = plan_regions([gene("short", 0, 1)], LENGTHS).regions
    assert (region.window_start, region.window_end) == (0, 5)


def test_rules_and_limits_reach_the_windows(caplog):
    long = gene(start=20_000, end=35_000)
    assert plan_regions([long], LENGTHS).regions[0].window_length == 18_432
    assert plan_regions([long], LENGTHS, max_window=12_288).regions == []
    assert caplog.messages[0].startswith(
        "no gene model is made: 1 gene of the annotation skipped; first, the annotation, line 7:"
        " gene g is skipped because it is 15000 nt long"
    )
    near_end = gene(start=99_000, end=99_500)
    published = plan_regions([near_end], LENGTHS, window_rule="published").regions[0]
    assert (published.window_start, published.window_end) == (96_178, 100_000)
    assert plan_regions([near_end], LENGTHS).regions[0].window_start == 93_856


def test_annotation_of_another_genome_gets_a_warning_with_examples_of_both(caplog):
    genes = [gene(str(number)) for number in range(1, 6)]
    lengths = {f"Chr{number}": 1000 for number in range(1, 4)}
    plan = plan_regions(genes, lengths, annotation="genes.gff3", fasta="genome.fa")
    assert {skip.reason for skip in plan.skipped} == {"unknown_sequence"}
    assert caplog.messages == [
        "no gene model is made: none of 5 genes lies on a sequence of genome.fa: genes.gff3 names"
        " 1, 2, 3, …, genome.fa names Chr1, Chr2, Chr3 (1 may be Chr1); rename the sequences in"
        " one of them."
    ]


def test_no_genes_are_refused():
    with pytest.raises(InputError, match="x has no genes"):
        plan_regions([], LENGTHS, annotation="x")


def test_genes_that_the_published_code_recorded_keep_their_windows_and_their_last_gene():
    recorded = text_cases("preprocess_cases")["defects"]["i_ii"]
    genes = [
        Gene(gene_id, seqid, start - 1, end, strand, 0)
        for seqid, start, end, strand, gene_id in recorded["genes"]
    ]
    regions = plan_regions(genes, {"chr1": 100_000, "chr2": 100_000}).regions
    windows = {region.gene_id: (region.window_start, region.window_end) for region in regions}
    published = {r["geneModel"]: (r["start"], r["fin"]) for r in recorded["rows"]}
    assert published.items() < windows.items()
    assert [(region.seqid, region.strand) for region in regions] == [
        (seqid, strand) for seqid, _, _, strand, _ in recorded["genes"]
    ]
