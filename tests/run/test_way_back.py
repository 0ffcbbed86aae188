"""Predicted genes, written as GFF3 and read back, give the sentences that the model wrote."""

import csv

from tests.run.judging import DEMO, score, table
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.gene_models.input_transcripts import read_transcripts
from transgenic_dagster.gene_models.to_sentence import tell_gene
from transgenic_dagster.gsf.parser import format_sentence
from transgenic_dagster.gsf.vocabulary import encode_gsf
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.regions.region import Region
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options


def without_ends(text):
    return text.removeprefix("<s>").removesuffix("</s>").removesuffix("|")


def test_tokens_and_scores_of_predictions_come_back_from_their_gff3(tmp_path):
    demo = write_assembly(tmp_path)
    output, sentences = tmp_path / "out.gff3", tmp_path / "gsf.tsv"
    files = {"fasta_file": demo.genome_fasta, "gff_file": demo.genes_gff3}
    files |= {"output": output, "gsf_output": sentences}
    annotate(parse_options(DEMO | files), SilentProgress())

    sort_annotation(output, tmp_path / "sorted.gff3")
    genes = read_genes(tmp_path / "sorted.gff3").genes
    transcripts = read_transcripts(
        tmp_path / "sorted.gff3", {g.gene_id: g.row for g in genes}, ["gene"]
    )
    with sentences.open() as handle:
        written = {row["gene_id"]: row for row in csv.DictReader(handle, delimiter="\t")}
    for gene in genes:
        row = written[gene.gene_id.removeprefix("gene:")]
        window = (int(row["window_start"]), int(row["window_end"]))
        region = Region(0, gene.gene_id, gene.seqid, gene.start, gene.end, gene.strand, *window)
        told = tell_gene(transcripts[gene.gene_id], region)
        assert encode_gsf(format_sentence(told.sentence)) == encode_gsf(without_ends(row["gsf"]))
    assert len(genes) == 46

    # Where the predicted gene has the input's ends, it is scored in the same window.
    score(demo.genome_fasta, output, tmp_path / "scored")
    ends = {
        (parse_attributes(line.split("\t")[8])["ID"], *line.split("\t")[3:5])
        for line in demo.genes_gff3.read_text().splitlines()
        if "\tgene\t" in line
    }
    compared = 0
    for row in table(tmp_path / "scored/scores.tsv"):
        name = row["gene_id"].removeprefix("gene:")
        if row["level"] == "gene" and (name, row["start"], row["end"]) in ends:
            mean = float(row["log_probability"]) / int(row["tokens"])
            assert abs(mean - float(written[name]["score"])) < 1e-4
            compared += 1
    assert compared > 30
