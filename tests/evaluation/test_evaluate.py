"""Agreement of coding structures, what the genome says, and what users get to see."""

import json
import re
from pathlib import Path

import pytest

from tests.evaluation.annotations import evaluated, transcript, write
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.evaluation.evaluate import evaluate_files
from transgenic_dagster.evaluation.tables import render, write_transcripts

EXONS = "1000-1300,1500-1700"
CDS = "1100-1300,1500-1602"
OTHER = "1100-1300,1500-1605"


def coding(name, cds, gene=None, strand="+"):
    return transcript(name, EXONS, strand, cds=cds, gene=gene)


def exact(found):
    return [(level.reference_matched, level.predicted_matched) for level in found.coding]


def test_cds_exact_transcripts_and_genes_are_counted_whatever_their_utr(tmp_path):
    reference = [coding("r1", CDS), coding("r2", OTHER, "r1.g")]
    predicted = [transcript("q1", "1100-1300,1500-1602", cds=CDS)]
    found = evaluated(tmp_path, predicted, reference)
    assert exact(found) == [(1, 1), (1, 1), (0, 0)]
    assert [level.reference_total for level in found.coding] == [2, 1, 1]


def test_a_gene_is_exact_with_all_its_isoforms(tmp_path):
    both = [coding("r1", CDS), coding("r2", OTHER, "r1.g")]
    assert exact(evaluated(tmp_path, both, both)) == [(2, 2), (1, 1), (1, 1)]


def test_a_cds_on_the_other_strand_is_another(tmp_path):
    found = evaluated(tmp_path, [coding("q", CDS, strand="-")], [coding("r", CDS)])
    assert exact(found) == [(0, 0)] * 3


def test_phases_of_shared_parts_are_compared(tmp_path):
    reference = coding("r", CDS)
    first, second = reference.rsplit("\t0\tParent=r\n", 1)[0], "\t1\tParent=r\n"
    found = evaluated(tmp_path, [first + second], [reference])
    assert (found.phases.shared, found.phases.agreeing) == (2, 1)


def test_parts_without_a_phase_are_not_compared(tmp_path):
    reference = coding("r", CDS)
    found = evaluated(tmp_path, [reference.replace("\t0\tParent", "\t.\tParent")], [reference])
    assert (found.phases.shared, found.phases.agreeing) == (0, 0)


def test_isoforms_are_counted_by_gene(tmp_path):
    reference = [coding("r1", CDS), coding("r2", OTHER, "r1.g"), transcript("s", "5000-5100")]
    found = evaluated(tmp_path, reference[:1], reference)
    assert found.reference_isoforms.per_gene == 1.5
    assert (found.reference_isoforms.genes, found.reference_isoforms.multi_isoform) == (2, 1)
    assert found.predicted_isoforms.per_gene == 1.0


FORWARD = "N" * 9 + "ATGAAA" + "GTNNNNAG" + "AAATAA" + "N" * 9
REVERSE = "N" * 9 + "TTATTT" + "CTNNNNAC" + "TTTCAT" + "N" * 9
BROKEN = "N" * 9 + "ATGAAA" + "GGNNNNAG" + "AAAAAA" + "N" * 9


@pytest.mark.parametrize(
    ("sequence", "strand", "complete", "canonical"),
    [(FORWARD, "+", 1, 1), (REVERSE, "-", 1, 1), (FORWARD, "-", 0, 0), (BROKEN, "+", 0, 0)],
)
def test_the_genome_tells_frames_and_splice_sites(tmp_path, sequence, strand, complete, canonical):
    genome = tmp_path / "genome.fa"
    genome.write_text(f">chr1\n{sequence}\n")
    genes = [transcript("t", "10-15,24-29", strand, cds="10-15,24-29")]
    quality = evaluated(tmp_path, genes, genes, genome).predicted_sequence
    assert (quality.coding, quality.introns) == (1, 1)
    assert (quality.complete, quality.canonical) == (complete, canonical)


def test_no_genome_no_figures_of_it(tmp_path):
    found = evaluated(tmp_path, [coding("q", CDS)], [coding("q", CDS)])
    assert found.predicted_sequence is None
    assert "canonical" not in render(found)


def test_sequences_that_the_genome_lacks_are_left_out(tmp_path):
    genome = tmp_path / "genome.fa"
    genome.write_text(">other\nACGT\n")
    found = evaluated(tmp_path, [coding("q", CDS)], [coding("q", CDS)], genome)
    assert found.predicted_sequence.coding == 0


def test_the_json_has_all_figures_and_percentages(tmp_path):
    found = evaluated(tmp_path, [coding("q", CDS)], [coding("r", CDS), coding("s", OTHER)])
    read = json.loads(found.to_json())
    (base,) = (level for level in read["exons"]["levels"] if level["name"] == "base")
    assert base == {
        "name": "base",
        "reference_matched": 502,
        "reference_total": 502,
        "predicted_matched": 502,
        "predicted_total": 502,
        "sensitivity": 100.0,
        "precision": 100.0,
        "f1": 100.0,
    }
    assert read["class_codes"]["="] == 1
    assert read["predicted_isoforms"]["per_gene"] == 1.0
    assert "transcripts" not in read


def test_transcripts_are_a_table(tmp_path):
    found = evaluated(
        tmp_path, [coding("q", CDS), transcript("u", "9000-9100")], [coding("r", CDS)]
    )
    write_transcripts(tmp_path / "t.tsv", found)
    header, first, second = (tmp_path / "t.tsv").read_text().splitlines()
    assert dict(zip(header.split("\t"), first.split("\t"), strict=True)) == {
        "seqid": "chr1",
        "start": "1000",
        "end": "1700",
        "strand": "+",
        "gene": "q.g",
        "transcript": "q",
        "exons": "2",
        "length": "502",
        "class_code": "=",
        "reference_gene": "r.g",
        "reference_transcript": "r",
    }
    assert second.split("\t")[-3:] == ["u", ".", "."]


def test_sequences_come_in_natural_order(tmp_path):
    genes = [transcript(name, "1-90", seqid=name) for name in ("chr10", "chr2", "chr1")]
    found = evaluated(tmp_path, genes, genes)
    assert [one.seqid for one in found.transcripts] == ["chr1", "chr2", "chr10"]


def test_sequences_of_other_names_are_warned_of(tmp_path, caplog):
    evaluated(tmp_path, [transcript("a", "1-90", seqid="1")], [transcript("a", "1-90")])
    assert "have no sequence name in common (for example 1 and chr1)" in caplog.text


def test_the_screen_shows_one_decimal(tmp_path):
    predicted = [transcript("q", "1000-1199,1500-1699,2100-2299"), transcript("o", "9000-9099")]
    found = evaluated(tmp_path, predicted, [transcript("r", "1000-1199,1500-1699,2000-2299")])
    lines = render(found).splitlines()
    exon = next(line.split() for line in lines if line.startswith("exon"))
    assert exon == ["exon", "66.7", "50.0", "57.1", "2/3", "2/4"]


def test_gtf_and_gff3_of_the_same_genes_agree(tmp_path):
    gtf = tmp_path / "genes.gtf"
    gtf.write_text(
        "".join(
            f'chr1\tx\t{kind}\t{start}\t{end}\t.\t+\t0\tgene_id "g"; transcript_id "t";\n'
            for kind, start, end in (
                *(("exon", 1000, 1300), ("exon", 1500, 1700)),
                *(("CDS", 1100, 1300), ("CDS", 1500, 1599), ("stop_codon", 1600, 1602)),
            )
        )
    )
    found = evaluate_files(gtf, write(tmp_path, "genes.gff3", coding("r", CDS)))
    assert exact(found) == [(1, 1)] * 3
    assert found.class_codes["="] == 1


def test_the_readme_shows_what_is_shown(tmp_path):
    truth = write_assembly(tmp_path).truth_gff3
    shown = render(evaluate_files(truth, truth))
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (block,) = re.findall(r"```text\n(Exons  .*?)```", readme, re.DOTALL)
    assert block in shown
