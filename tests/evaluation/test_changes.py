import pytest

from tests.evaluation.annotations import annotation, transcript
from transgenic_dagster.evaluation.change_log import Change, write_change_log
from transgenic_dagster.evaluation.changes import find_changes

EXONS = "1000-1300,1500-1700"
CDS = "1100-1300,1500-1602"
INPUT = transcript("t", EXONS, cds=CDS)
OTHER_CDS = "1100-1300,1500-1605"
SHORTER_CDS = "1100-1300,1500-1599"


def second(cds, name="u"):
    return transcript(name, EXONS, cds=cds, gene="t.g")


CASES = {
    Change.UNCHANGED: ([INPUT], [transcript("t", EXONS, cds=CDS)]),
    Change.UTR_ONLY: ([INPUT], [transcript("t", "900-1300,1500-1800", cds=CDS)]),
    Change.CDS_CHANGED: ([INPUT], [transcript("t", EXONS, cds=OTHER_CDS)]),
    Change.ISOFORM_GAINED: ([INPUT], [INPUT, second(OTHER_CDS)]),
    Change.ISOFORM_LOST: ([INPUT, second(OTHER_CDS)], [INPUT]),
    Change.ISOFORM_GAINED_AND_LOST: (
        [INPUT, second(OTHER_CDS)],
        [INPUT, second(SHORTER_CDS)],
    ),
    Change.LOST: ([INPUT], [transcript("far", "9000-9300", cds="9000-9300")]),
}


def changes(tmp_path, before, after):
    return find_changes(
        annotation(tmp_path, *before, name="before.gff3"),
        annotation(tmp_path, *after, name="after.gff3"),
    )


@pytest.mark.parametrize("change", CASES)
def test_planted_change_is_told(tmp_path, change):
    row = changes(tmp_path, *CASES[change]).genes[0]
    assert (row.change, row.input_gene) == (change, "t.g")


@pytest.mark.parametrize("change", CASES)
def test_changes_do_not_depend_on_names(tmp_path, change):
    before, after = CASES[change]
    renamed = [text.replace("=t", "=other") for text in after]
    assert changes(tmp_path, before, renamed).genes[0].change == change


def test_genes_with_nothing_in_the_input_are_new(tmp_path):
    log = changes(tmp_path, [INPUT], [INPUT, transcript("far", "9000-9300", cds="9000-9300")])
    assert [(row.change, row.input_gene, row.output_genes) for row in log.genes] == [
        ("unchanged", "t.g", ("t.g",)),
        ("new", "", ("far.g",)),
    ]


def test_a_gene_on_the_other_strand_is_another(tmp_path):
    log = changes(tmp_path, [INPUT], [transcript("t", EXONS, "-", cds=CDS)])
    assert sorted(row.change for row in log.genes) == ["lost", "new"]


LEFT = transcript("left", "1000-1300", cds="1000-1300")
RIGHT = transcript("right", "1500-1700", cds="1500-1700")
BOTH = transcript("both", EXONS, cds=EXONS)


def test_two_genes_in_one_are_merged(tmp_path):
    log = changes(tmp_path, [LEFT, RIGHT], [BOTH])
    assert [(row.change, row.input_gene, row.output_genes) for row in log.genes] == [
        ("merged", "left.g", ("both.g",)),
        ("merged", "right.g", ("both.g",)),
    ]
    assert {(row.input_isoforms, row.output_isoforms) for row in log.genes} == {(2, 1)}


def test_one_gene_in_two_is_split(tmp_path):
    (row,) = changes(tmp_path, [BOTH], [LEFT, RIGHT]).genes
    assert (row.change, row.output_genes) == ("split", ("left.g", "right.g"))
    assert (row.gained, row.lost) == (2, 1)


def test_overlapping_genes_that_stay_are_unchanged(tmp_path):
    inner = transcript("inner", "1100-1300", cds="1100-1300")
    log = changes(tmp_path, [BOTH, inner], [BOTH, inner])
    assert log.counts()[Change.UNCHANGED] == 2


def test_a_neighbour_that_overlaps_a_little_is_no_part(tmp_path):
    neighbour = transcript("next", "1650-2600", cds="1650-2600")
    log = changes(tmp_path, [BOTH], [BOTH, neighbour])
    assert [row.change for row in log.genes] == ["unchanged", "new"]


def test_a_gene_with_little_in_common_is_still_the_same(tmp_path):
    after = transcript("t", "1650-2600", cds="1650-2600")
    before = transcript("t", "1000-1700", cds="1000-1700")
    assert [row.change for row in changes(tmp_path, [before], [after]).genes] == ["cds_changed"]


def test_a_prediction_elsewhere_is_off_target(tmp_path):
    away = transcript("p", "9000-9300", cds="9000-9300").replace("ID=p.g", "ID=p.g;GM=t.g")
    (row,) = changes(tmp_path, [INPUT], [away]).genes
    assert (row.change, row.input_gene, row.output_genes) == ("off_target", "t.g", ("p.g",))


def test_genes_without_cds_are_compared_by_exons(tmp_path):
    rna = transcript("r", EXONS)
    assert changes(tmp_path, [rna], [rna]).genes[0].change == Change.UNCHANGED
    moved = transcript("r", "1000-1303,1500-1700")
    assert changes(tmp_path, [rna], [moved]).genes[0].change == Change.CDS_CHANGED


def test_the_change_log_is_a_table(tmp_path):
    write_change_log(tmp_path / "log.tsv", changes(tmp_path, [INPUT], [INPUT, second(OTHER_CDS)]))
    header, row = (tmp_path / "log.tsv").read_text().splitlines()
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True)) == {
        "change": "isoform_gained",
        "seqid": "chr1",
        "start": "1000",
        "end": "1700",
        "strand": "+",
        "input_gene": "t.g",
        "output_genes": "t.g",
        "input_isoforms": "1",
        "output_isoforms": "2",
        "isoforms_gained": "1",
        "isoforms_lost": "0",
    }
