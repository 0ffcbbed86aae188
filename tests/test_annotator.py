from pathlib import Path

import pytest

from tests import assemblies, golden
from transgenic_dagster.annotator import Annotator
from transgenic_dagster.errors import InputError, MissingOnMachineError
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run.annotate import annotate

TEST_DATA = Path(__file__).parents[1] / "galaxy_tool" / "test-data"
FASTA, GTF = TEST_DATA / "scaffolds.fa", TEST_DATA / "scaffolds.gtf"


@pytest.fixture(scope="module")
def demo():
    return Annotator.load("demo", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def genes(demo):
    return demo.annotate(FASTA, GTF)


def scaffold(name):
    records = FASTA.read_text().split(">")
    (text,) = (record for record in records if record.split("\n", 1)[0].split()[:1] == [name])
    return text.split("\n", 1)[1].replace("\n", "")


def test_genes_of_a_file_are_those_of_the_command_line(genes, tmp_path):
    options = AnnotateOptions(
        fasta_file=FASTA,
        gff_file=GTF,
        output=tmp_path / "out.gff3",
        model="demo",
        device="cpu",
        precision="fp32",
    )
    annotate(options, SilentProgress())
    rows = [row.split("\t") for row in options.output.read_text().splitlines() if row[0] != "#"]
    written = [
        (row[0], int(row[3]) - 1, int(row[4]), row[6], row[8].partition("GM=")[2])
        for row in rows
        if row[2] == "gene"
    ]
    assert [(g.seqid, g.start, g.end, g.strand, g.gm_id) for g in genes] == written
    assert len(genes) == 5
    assert genes.rejects == []


def test_a_sequence_is_one_window_from_its_first_base_to_its_last(demo, genes):
    (gene,) = demo.annotate_sequence(scaffold("scaffold_2").lower(), name="scaffold_2")
    (same,) = (g for g in genes if g.seqid == "scaffold_2")
    assert [t.structure for t in gene.transcripts] == [t.structure for t in same.transcripts]


def test_coordinates_give_the_genes_of_a_file_in_their_own_order(demo, genes):
    wanted = [genes[4], genes[0], genes[3]]
    found = demo.annotate(FASTA, [(g.seqid, g.start, g.end) for g in wanted])
    assert [(g.seqid, g.start, g.end) for g in found] == [(g.seqid, g.start, g.end) for g in wanted]
    assert found[0].gm_id == f"{wanted[0].seqid}:{wanted[0].start}-{wanted[0].end}"


def test_what_has_no_model_is_told_with_its_reason(demo):
    found = demo.annotate(FASTA, [("scaffold_2", 421, 1508), ("chrX", 0, 9)])
    assert len(found) == 1
    (reject,) = found.rejects
    assert (reject.gm_id, reject.reason) == ("chrX:0-9", "unknown_sequence")


def test_rejects_of_the_model_are_told_in_region_order(tmp_path):
    files = assemblies.golden_contigs(tmp_path)
    annotator = Annotator.load(str(golden.TINY_CHECKPOINT), device="cpu", precision="fp32")
    annotator.decoding = type(annotator.decoding)(max_length=40)
    found = annotator.annotate(files.fasta, files.gff)
    assert list(found) == []
    told = [reject.chrom for reject in found.rejects if reject.start is not None]
    assert told == sorted(told)
    assert len(found.rejects) == len(golden.WINDOWS)


def test_the_table_has_a_row_for_each_transcript(demo, genes):
    table = demo.table(genes)
    assert len(table) == sum(len(gene.transcripts) for gene in genes) > len(genes)
    row = table.iloc[0]
    transcript = genes[0].transcripts[0]
    assert (row.gene, row.seqid, row.start, row.end) == ("DEMOS1G00010", "scaffold_1", 5290, 6019)
    assert (row.exons, row.introns) == (2, 1)
    assert row.protein_length == len(transcript.quality.protein) == row.cds_length // 3 - 1
    assert row.start_codon
    assert row.confidence == genes[0].confidence


@pytest.mark.parametrize(
    ("dna", "sentence"),
    [
        ("A" * 49_153, "is 49,153 nt long, but the model reads"),
        ("ACG", "is 3 nt long, too short"),
        ("", "is 0 nt long, too short"),
    ],
)
def test_a_sequence_that_no_window_can_hold_is_one_sentence(demo, dna, sentence):
    with pytest.raises(InputError, match=sentence):
        demo.annotate_sequence(dna)


@pytest.mark.parametrize("coordinates", [(-1, 5), (7, 7), (9, 3)])
def test_coordinates_that_no_gene_can_have_are_one_sentence(demo, coordinates):
    with pytest.raises(InputError, match=r"Gene scaffold_2:.* need 0 <= start < end"):
        demo.annotate(FASTA, [("scaffold_2", *coordinates)])


def test_a_model_that_is_not_there_is_one_sentence():
    with pytest.raises(MissingOnMachineError, match="neither a folder on this machine"):
        Annotator.load("./no_such_model")
