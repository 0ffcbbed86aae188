"""The input with new isoforms behind the rows of their genes."""

from dataclasses import replace

from gene_builders import gene_of

from transgenic_dagster.gene_models.completed_check import check_completed
from transgenic_dagster.gene_models.completed_input import CompletedInput, new_isoforms
from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gsf.from_parts import Part
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

GIVEN = InputTranscript("t", (Part("CDS", 5_100, 5_400, "+", 0),))


def test_a_transcript_like_one_of_the_input_is_not_new():
    gene = gene_of("100|CDS1|400|+|A;100|CDS2|430|+|A>CDS1;CDS2;CDS2")
    new = new_isoforms(gene, [GIVEN])
    assert [one.structure.cds[0].end for one in new.transcripts] == [5_430]
    assert new_isoforms(new, [GIVEN]) == new


def test_one_that_was_written_so_is_not_new_after_refinement_either():
    gene = gene_of("100|CDS1|430|+|A>CDS1")
    (moved,) = gene.transcripts
    written = gene_of("100|CDS1|400|+|A>CDS1").transcripts[0].structure
    moved = replace(gene, transcripts=(replace(moved, written=written),))
    assert new_isoforms(moved, [GIVEN]) is None
    assert new_isoforms(moved, [InputTranscript("lncRNA", ())]) == moved


def test_genes_that_share_their_last_row_both_get_theirs(tmp_path):
    given, in_order = tmp_path / "genes.gff3", tmp_path / "sorted.gff3"
    rows = [
        ("gene", "ID=a"),
        ("mRNA", "ID=a.1;Parent=a"),
        ("gene", "ID=b"),
        ("mRNA", "ID=b.1;Parent=b"),
        ("CDS", "Parent=a.1,b.1"),
    ]
    given.write_text(
        "".join(f"Chr1\tx\t{kind}\t5101\t5400\t.\t+\t0\t{column}\n" for kind, column in rows)
    )
    sort_annotation(given, in_order, sorter="none")
    new = {name: replace(gene_of("100|CDS1|430|+|A>CDS1"), gm_id=name) for name in "ab"}
    genes = {gene.gene_id: gene.row for gene in read_genes(in_order).genes}
    completed = tmp_path / "completed.gff3"
    completed.write_text("".join(CompletedInput(in_order, genes, ["gene"], new).lines()))
    found = check_completed(completed, in_order)
    assert (found.faults, found.gained) == ([], {"a": 1, "b": 1})
