from dataclasses import replace

import pytest
from gene_builders import decode

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.gene_model import Orf, Refinement
from transgenic_dagster.reject_reason import RejectReason


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


def test_genes_that_have_a_score_are_scored_now_and_when_read_back():
    accounting = Accounting(annotated=2, scored=True)
    accounting.rejected["no_cds"] = 1
    for one in (accounting, Accounting.from_dict(accounting.as_dict())):
        assert one.summary() == "Genes: 3 in all, 2 scored, 1 rejected (no_cds 1), 0 skipped"


def test_genes_that_are_not_coding_or_not_found_are_not_the_models(accounting):
    assert accounting.for_model == accounting.total
    for reason in RejectReason.NOT_PROTEIN_CODING, RejectReason.NOT_LIFTED:
        accounting.count_skipped(reason)
    assert accounting.total == 8
    assert accounting.for_model == Accounting.from_dict(accounting.as_dict()).for_model == 6


def test_counts_that_add_up_pass_the_check(accounting):
    accounting.check(6)


@pytest.mark.parametrize("input_genes", [5, 7])
def test_a_lost_or_doubled_gene_fails_the_run(accounting, input_genes):
    with pytest.raises(RunError, match=f"The input has {input_genes} genes, but 6 are accounted"):
        accounting.check(input_genes)


def refined(*orfs):
    """A gene with one isoform for each reading frame, and its rejects."""
    gene, rejects = decode("1|CDS1|4|+|A;7|CDS2|10|+|A>CDS1;CDS2;CDS3")
    transcripts = tuple(
        replace(one, refinement=Refinement(Orf(orf)))
        for one, orf in zip(gene.transcripts, orfs, strict=True)
    )
    return replace(gene, transcripts=transcripts), rejects


def test_a_doubtful_gene_that_is_left_out_is_rejected_for_that(accounting):
    rejects = [replace(decode("?")[1][0], reason="off_target")]
    accounting.count_gene(None, rejects, RejectReason.OFF_TARGET)
    assert accounting.as_dict() == {
        "annotated": 2,
        "rejected": {"off_target": 1, "unknown_feature": 1, "unparsable": 2},
        "skipped": {"window_too_long": 1},
        "rejected_isoforms": {"unknown_feature": 2},
        "total": 7,
    }


def test_a_doubtful_gene_that_is_kept_is_annotated_and_counted_as_doubtful():
    accounting = Accounting()
    gene = decode("1|CDS1|4|+|A>CDS1")
    accounting.count_gene(*gene, RejectReason.OFF_TARGET)
    accounting.count_gene(*gene, None)
    assert accounting.as_dict()["annotated"] == 2
    assert accounting.as_dict()["doubtful"] == {"off_target": 1}
    assert accounting.summary() == (
        "Genes: 2 in all, 2 annotated, 0 rejected, 0 skipped; "
        "annotated in spite of doubt: off_target 1"
    )


def test_reading_frames_of_annotated_transcripts_are_counted():
    accounting = Accounting()
    accounting.count_gene(*refined("complete", "partial5"))
    accounting.count_gene(*refined("complete", "broken"))
    assert accounting.as_dict()["orf"] == {"broken": 1, "complete": 2, "partial5": 1}
    assert accounting.summary().endswith(
        "; transcripts by reading frame: complete 2, broken 1, partial5 1"
    )


def test_kept_genes_of_the_input_are_told_even_if_there_are_none(accounting):
    accounting.kept_input = 0
    assert accounting.as_dict()["kept_input"] == 0
    assert accounting.summary().endswith("; 0 kept as in the input")


def test_counts_come_back_from_plain_values(accounting):
    assert Accounting.from_dict(accounting.as_dict()) == accounting
    accounting.count_gene(*refined("complete", "partial5"), RejectReason.OFF_TARGET)
    accounting.kept_input = 5
    assert Accounting.from_dict(accounting.as_dict()) == accounting
