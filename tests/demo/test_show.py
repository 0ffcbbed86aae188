import shlex
from pathlib import Path

import pytest

from transgenic_dagster.demo.compare import DemoResult, GeneComparison
from transgenic_dagster.demo.drawing import DRAWING_WIDTH, draw_gene
from transgenic_dagster.demo.show import render, run_demo
from transgenic_dagster.demo.true_gene import Expected, Feature, TrueGene
from transgenic_dagster.errors import RunError


def gene(strand="+", expected=Expected.ANNOTATED):
    transcript = (
        Feature("five_prime_UTR", 1_000, 1_100, strand),
        Feature("CDS", 1_100, 1_200, strand, 0),
        Feature("CDS", 1_620, 1_720, strand, 2),
    )
    return TrueGene("gene", "Chr1", 1_000, 1_720, strand, (transcript,), expected)


def test_a_gene_is_drawn_to_scale():
    heading, drawing, legend = draw_gene(gene(), gene().transcripts)
    assert heading == "gene  Chr1:1,001-1,720 (+)  1 transcript"
    assert drawing == "  " + "=" * 10 + "#" * 10 + "-" * 42 + "#" * 10 + ">"
    assert "coding" in legend


def test_a_minus_strand_gene_points_to_the_left():
    drawing = draw_gene(gene("-"), gene("-").transcripts)[1]
    assert drawing.startswith("  <=")
    assert len(drawing) == DRAWING_WIDTH + 3


def test_short_transcripts_leave_room_at_their_ends():
    short = (Feature("CDS", 1_360, 1_361, "+", 0),)
    drawing = draw_gene(gene(), (*gene().transcripts, short))[2]
    assert drawing == "  " + " " * 36 + "#" + " " * 35 + ">"


def test_the_summary_names_planted_genes_with_their_reasons():
    exact = GeneComparison(gene(), gene().transcripts, "exact")
    planted = GeneComparison(
        gene(expected=Expected.NO_CDS), (), "no_cds", "no_cds: transcript 1 has no CDS"
    )
    text = render(DemoResult((exact, planted)))
    assert "2 genes in the input, 1 of them predictable: 1 came out" in text
    assert "gene  no_cds: transcript 1 has no CDS" in text
    assert "####" in text
    assert text.isascii()


def test_the_demo_comes_out_as_planned(tmp_path):
    text = run_demo(tmp_path / "demo out")
    assert "50 genes in the input, 46 of them predictable: 46 came out" in text
    for reason in set(Expected) - {Expected.ANNOTATED}:
        assert f"  {reason}: " in text
    assert text.count(">\n") + text.count("  <") >= 3
    command = shlex.split(text.splitlines()[-1])
    assert command[0] == "transgenic-annotate"
    assert all(Path(command[i]).exists() for i in (1, 2, 4, 6))


def test_a_demo_that_went_wrong_is_an_error(tmp_path, monkeypatch):
    def annotate_nothing(options, progress):
        options.output.write_text("##gff-version 3\n")
        options.reject_path.write_text("")

    monkeypatch.setattr("transgenic_dagster.demo.show.annotate", annotate_nothing)
    with pytest.raises(RunError, match="50 demo genes came out in another way than planned"):
        run_demo(tmp_path)
