import json

import pytest

from transgenic_dagster.demo.compare import compare
from transgenic_dagster.demo.true_gene import Expected, gene_sentence
from transgenic_dagster.demo.untrained_model import MAX_WINDOW
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.windows import plan_window
from transgenic_dagster.sequences.dna import normalise


def annotate(assembly, folder, sentence_of=gene_sentence, gm_attribute="GM"):
    """Write the files that a run would write if the model wrote ``sentence_of`` each gene."""
    gff3, report = folder / "out.gff3", folder / "out.rejects.txt"
    with gff3.open("w") as gff3_handle, report.open("w") as report_handle:
        writer = Gff3Writer(gff3_handle, gm_attribute)
        writer.write_header({seqid: len(dna) for seqid, dna in assembly.sequences.items()}, {})
        for number, gene in enumerate(assembly.genes):
            predicted, rejects = _predict(assembly, gene, number, sentence_of)
            if predicted:
                writer.write_gene(predicted)
            for reject in rejects:
                write_reject(report_handle, reject)
    return gff3, report


def _predict(assembly, gene, number, sentence_of):
    if not gene.has_region:
        skipped = SkippedInput(gene.expected, "no window", 1, gene.gene_id, gene.seqid)
        return None, [Reject.from_skipped_input(skipped)]
    sequence = assembly.sequences[gene.seqid]
    start, end = plan_window(gene.start, gene.end, len(sequence), MAX_WINDOW)
    region = Region(number, gene.gene_id, gene.seqid, gene.start, gene.end, gene.strand, start, end)
    text = sentence_of(gene, start)
    sentence = PredictedSentence(number, f"<s>{text}", text, -0.01, 0.99, finished=True)
    return gene_from_sentence(sentence, region, normalise(sequence[start:end]))


@pytest.mark.parametrize("gm_attribute", ["GM", "gm"])
def test_true_sentences_give_exact_genes_and_the_planted_rejects(assembly, tmp_path, gm_attribute):
    result = compare(*annotate(assembly, tmp_path, gm_attribute=gm_attribute), assembly)
    assert result.unexpected == ()
    assert result.exact == result.predictable == 46
    assert {c.outcome for c in result.genes} == {"exact", *Expected} - {Expected.ANNOTATED}


def test_true_sentences_need_no_phase_adjusted_and_have_sound_reading_frames(assembly, tmp_path):
    gff3, _ = annotate(assembly, tmp_path)
    text = gff3.read_text()
    assert "phase_adjusted" not in text
    for row in text.splitlines():
        if "\tmRNA\t" in row:
            attributes = dict(part.split("=") for part in row.split("\t")[8].split(";"))
            sound, introns = attributes["canonical_splice"].split("/")
            assert sound == introns
            assert attributes["start_codon"] == attributes["stop_codon"] == "1"
            assert attributes["inframe_stops"] == "0"


def wrong_first_gene(gene, window_start):
    text = gene_sentence(gene, window_start)
    return text.replace("0|five_prime_UTR1", "3|five_prime_UTR1") if gene.start == 0 else text


def test_one_base_off_is_a_different_structure(assembly, tmp_path):
    result = compare(*annotate(assembly, tmp_path, wrong_first_gene), assembly)
    (surprise,) = result.unexpected
    assert (surprise.gene.start, surprise.outcome) == (0, "different")
    assert result.exact == result.predictable - 1


def test_a_missing_isoform_is_a_different_structure(assembly, tmp_path):
    def first_isoform_only(gene, window_start):
        features, transcripts = gene_sentence(gene, window_start).split(">")
        return f"{features}>{transcripts.split(';')[0]}"

    result = compare(*annotate(assembly, tmp_path, first_isoform_only), assembly)
    assert {len(c.gene.transcripts) > 1 for c in result.unexpected} == {True}
    assert len(result.unexpected) == sum(len(gene.transcripts) > 1 for gene in assembly.genes)


def test_a_gene_in_neither_file_is_missing(assembly, tmp_path):
    gff3, report = tmp_path / "empty.gff3", tmp_path / "empty.txt"
    gff3.write_text("##gff-version 3\n")
    report.write_text("")
    result = compare(gff3, report, assembly)
    assert {comparison.outcome for comparison in result.genes} == {"missing"}
    assert len(result.unexpected) == len(assembly.genes)


def test_a_reject_of_a_predictable_gene_is_unexpected(assembly, tmp_path):
    gff3, report = tmp_path / "empty.gff3", tmp_path / "rejects.txt"
    gff3.write_text("##gff-version 3\n")
    gene_id = assembly.genes[0].gene_id
    reject = {"gm_id": gene_id, "reason": "truncated", "error": "truncated: no end"}
    report.write_text(json.dumps(reject) + "\n")
    first = compare(gff3, report, assembly).genes[0]
    assert (first.outcome, first.explanation) == ("truncated", "truncated: no end")
    assert not first.is_as_expected
