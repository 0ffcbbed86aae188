import pytest
from gene_builders import decode

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.accounting import Accounting


@pytest.fixture
def accounting():
    accounting = Accounting()
    for clean in (
        "1|CDS1|4|+|A>CDS1",
        "1|CDS1|4|+|A>CDS1;CDS2;CDS3",
        "1|CDS1|4|+|A>CDS2;CDS1|CDS1",
        "",
        "?",
    ):
        accounting.count_gene(*decode(clean))
    accounting.count_skipped("window_too_long")
    return accounting


def test_every_gene_counts_once_by_its_first_reason(accounting):
    assert accounting.as_dict() == {
        "annotated": 2,
        "rejected": {"unknown_feature": 1, "unparsable": 2},
        "skipped": {"window_too_long": 1},
        "rejected_isoforms": {"unknown_feature": 2},
        "total": 6,
    }


def test_the_summary_names_reasons_by_frequency(accounting):
    assert accounting.summary() == (
        "Genes: 6 in all, 2 annotated, 3 rejected (unparsable 2, unknown_feature 1), "
        "1 skipped (window_too_long 1); "
        "further isoforms of annotated genes: 2 rejected (unknown_feature 2)"
    )


def test_a_run_without_rejects_says_no_more_than_that():
    accounting = Accounting()
    accounting.count_gene(*decode("1|CDS1|4|+|A>CDS1"))
    assert accounting.summary() == "Genes: 1 in all, 1 annotated, 0 rejected, 0 skipped"


def test_counts_that_add_up_pass_the_check(accounting):
    accounting.check(6)


@pytest.mark.parametrize("input_genes", [5, 7])
def test_a_lost_or_doubled_gene_fails_the_run(accounting, input_genes):
    with pytest.raises(RunError, match=f"The input has {input_genes} genes but 6 are accounted"):
        accounting.check(input_genes)
