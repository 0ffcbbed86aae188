"""The last stages of a run, over journals written by hand: the right gene, marks, kept input."""

import csv
import json
import random

import pytest

from tests.assemblies import Assembly, golden_contigs, write_fasta
from tests.run.test_annotate import TINY, run
from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.gsf.sentence import PredictedSentence, SentenceHypothesis
from transgenic_dagster.inference.journal import Journal
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.fingerprint import RunFingerprint
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.given_options import parse_options
from transgenic_dagster.run.results import merge_pieces
from transgenic_dagster.run.stages import fingerprint_of_regions, make_region_db, make_sorted_gff
from transgenic_dagster.run.state import PieceState

# ATG GCT x 30 TAA: a gene of one exon, 96 nt.
CODING = "ATG" + "GCT" * 30 + "TAA"
GENES = {
    "left": (1_000, 1_300, "+"),
    "right": (1_400, 1_700, "+"),
    "outer": (4_000, 6_000, "+"),
    "inner": (4_500, 4_700, "+"),
    "forward": (8_000, 8_400, "+"),
    "reverse": (8_000, 8_400, "-"),
    "alone": (9_500, 9_900, "+"),
    "silent": (10_500, 10_800, "+"),
}
PLACES = {name: start + 50 for name, (start, _, _) in GENES.items()}
"""Where an open reading frame lies, on the strand of the gene but for ``reverse``."""
SPAN = 12_288


@pytest.fixture
def assembly(tmp_path):
    rng = random.Random(1)
    dna = rng.choices("ACGT", k=SPAN)
    for name, place in PLACES.items():
        if name != "reverse":
            dna[place : place + len(CODING)] = CODING
    rows = [
        f"chr1\tsrc\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\tID={name};Note=ours\n"
        f"chr1\tsrc\tmRNA\t{start + 1}\t{end}\t.\t{strand}\t.\tID={name}.m;Parent={name}\n"
        f"chr1\tsrc\texon\t{start + 1}\t{end}\t.\t{strand}\t.\tParent={name}.m\n"
        for name, (start, end, strand) in GENES.items()
    ]
    rows.append("chr9\tsrc\tgene\t5\t500\t.\t+\t.\tID=lost\n")
    gff = tmp_path / "genes.gff3"
    gff.write_text("##gff-version 3\n" + "".join(rows))
    return Assembly(write_fasta(tmp_path / "genome.fa", {"chr1": "".join(dna)}), gff)


def merge(assembly, tmp_path, predictions, **options):
    """Write the results of predictions, given as (start, end, strand) on the sequence or text."""
    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff}
    values |= {"output": tmp_path / "out.gff3", "gsf_output": tmp_path / "out.tsv"}
    asked = parse_options(values | {"refinements": tmp_path / "moves.tsv"} | options)
    folder = RunFolder(asked.run_folder)
    folder.mark("test", {})
    make_sorted_gff(folder, asked)
    make_region_db(folder, asked, max_encoder_seqlen=SPAN)
    with RegionDb(folder.region_db) as database:
        regions, (fingerprint, _) = database.regions(), fingerprint_of_regions(database)
    state = PieceState("chr1", RunFingerprint(fingerprint.values), "m", "1", 1)
    folder.journal("chr1").unlink(missing_ok=True)
    folder.journal_folder.mkdir(exist_ok=True)
    state.write(folder.piece_state("chr1"))
    with Journal(folder.journal("chr1"), state.identity) as journal:
        for region in regions:
            made = predictions.get(region.gene_id, PLACES[region.gene_id])
            journal.append([sentence(region, made)])
    return merge_pieces(folder, asked)


def sentence(region, made, score=-0.1, **more):
    text = made if isinstance(made, str) else one_exon(region, made)
    return PredictedSentence(
        region_id=region.region_id,
        raw=f"<s>{text}</s>",
        clean=text,
        score=score,
        confidence=0.9,
        finished=True,
        log_probability=-1.0,
        **more,
    )


def one_exon(region, place, strand="+"):
    start = place - region.window_start
    return f"{start}|CDS1|{start + len(CODING)}|{strand}|A>CDS1"


def genes_of(path):
    return {
        line.split("GM=")[1].split(";")[0].strip(): line
        for line in path.read_text().splitlines()
        if "\tgene\t" in line and not line.startswith("#")
    }


def reasons_of(path):
    lines = map(json.loads, path.read_text().splitlines())
    return {line["gm_id"]: line["reason"] for line in lines}


WRONG = {
    "right": PLACES["left"],  # repeats its neighbour, off its own gene
    "alone": PLACES["silent"],
    "silent": "?",
}


def test_genes_on_their_own_place_stay_nested_and_on_opposite_strands_too(assembly, tmp_path):
    accounting = merge(assembly, tmp_path, {})
    assert set(genes_of(tmp_path / "out.gff3")) == set(GENES) - {"reverse"}
    # Its reading frame was written for the other strand's gene.
    assert reasons_of(tmp_path / "out.gff3.rejects.txt") == {
        "reverse": "duplicate_prediction",
        "lost": "unknown_sequence",
    }
    assert accounting.as_dict()["orf"] == {"complete": 7}
    assert accounting.total == 9


def test_a_prediction_off_its_gene_is_told_and_can_be_kept(assembly, tmp_path):
    accounting = merge(assembly, tmp_path, WRONG)
    reasons = reasons_of(tmp_path / "out.gff3.rejects.txt")
    assert reasons["right"] == "off_target"
    assert reasons["alone"] == "off_target"
    assert reasons["silent"] == "unparsable"
    assert set(genes_of(tmp_path / "out.gff3")) == {"left", "outer", "inner", "forward"}
    assert accounting.rejected == {"off_target": 2, "unparsable": 1, "duplicate_prediction": 1}
    with (tmp_path / "out.tsv").open() as handle:
        status = {row["gene_id"]: row["status"] for row in csv.DictReader(handle, delimiter="\t")}
    assert (status["left"], status["right"]) == ("annotated", "rejected")

    kept = merge(assembly, tmp_path, WRONG, keep_all=True)
    genes = genes_of(tmp_path / "out.gff3")
    assert genes["right"].endswith("doubt=off_target")
    assert "doubt" not in genes["left"]
    assert kept.annotated == 7
    assert kept.doubtful == {"off_target": 2, "duplicate_prediction": 1}


@pytest.mark.parametrize("refine", ["on", "off"])
def test_with_the_kept_input_every_gene_is_there_exactly_once(assembly, tmp_path, refine):
    accounting = merge(assembly, tmp_path, WRONG, keep_input=True, refine=refine)
    text = (tmp_path / "out.gff3").read_text()
    genes = genes_of(tmp_path / "out.gff3")
    assert set(genes) == {*GENES, "lost"}
    assert text.count("\tgene\t") == len(genes)
    kept = {name for name, line in genes.items() if "kept=" in line}
    assert accounting.kept_input == len(kept) == accounting.total - accounting.annotated
    assert "silent" in kept
    start, end, strand = GENES["silent"]
    assert f"chr1\tsrc\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\tID=silent;Note=ours" in text
    assert f"chr1\tsrc\texon\t{start + 1}\t{end}" in text
    assert check_gff3(tmp_path / "out.gff3").faults == []


def test_moves_are_marked_in_the_gff3_and_listed_in_the_table(assembly, tmp_path):
    start = PLACES["alone"]

    def shifted(region_start):
        return f"{start - region_start}|CDS1|{start + len(CODING) - 11 - region_start}|+|A>CDS1"

    merge(assembly, tmp_path, {})
    with RegionDb(tmp_path / "out.gff3.work" / "regions.duckdb") as database:
        (region,) = (r for r in database.regions() if r.gene_id == "alone")
    with_window = {"alone": shifted(region.window_start)}
    merge(assembly, tmp_path, with_window)
    text = (tmp_path / "out.gff3").read_text()
    assert text.count("refined=stop:+11") == 1
    assert f"\tCDS\t{start + 1}\t{start + len(CODING)}\t" in text
    with (tmp_path / "moves.tsv").open() as handle:
        (row,) = csv.DictReader(handle, delimiter="\t")
    assert (row["gene"], row["boundary"]) == ("alone", "stop")
    end = start + len(CODING)
    assert (row["from"], row["to"]) == (str(end - 11), str(end))

    merge(assembly, tmp_path, with_window, refine="off")
    plain = (tmp_path / "out.gff3").read_text()
    assert "orf=" not in plain
    assert "#!refinement" not in plain
    assert f"\tCDS\t{start + 1}\t{end - 11}\t" in plain


def test_another_hypothesis_becomes_the_gene_where_that_costs_less(assembly, tmp_path):
    merge(assembly, tmp_path, {})
    with RegionDb(tmp_path / "out.gff3.work" / "regions.duckdb") as database:
        (region,) = (r for r in database.regions() if r.gene_id == "alone")
    good = one_exon(region, PLACES["alone"])
    broken = one_exon(region, PLACES["alone"] + 200)

    def gene_with(log_probability):
        from transgenic_dagster.gene_models.refined_gene import refined_gene_from_sentence

        other = SentenceHypothesis(good, good, -0.2, 0.8, True, log_probability, b"")
        dna = "".join(assembly.fasta.read_text().splitlines()[1:])
        window = dna[region.window_start : region.window_end]
        gene, _ = refined_gene_from_sentence(
            sentence(region, broken, alternatives=(other,)), region, window, 60
        )
        return gene.start

    assert gene_with(-2.0) == PLACES["alone"]
    assert gene_with(-200.0) != PLACES["alone"]


def test_refinement_is_not_part_of_what_a_prediction_is(tmp_path, assembly):
    run(assembly, tmp_path, max_length=8, refine="off", keep_db=True)
    summary = json.loads((tmp_path / "out.gff3.ckpt.json").read_text())
    assert not {"refine", "keep_all", "grammar"} & summary["fingerprint"].keys()


def test_with_the_grammar_random_weights_finish_only_sentences_that_parse(tmp_path):
    contigs = golden_contigs(tmp_path)
    options = {"grammar": "on", "refine": "off", "num_beams": 4, "max_length": 1024}
    accounting = run(contigs, tmp_path, **options)
    assert accounting.annotated
    # A sentence that parses need not be a gene: transcripts are free lists of names.
    possible = {"truncated", "misplaced_utr", "no_codon"}
    assert set(accounting.rejected) | set(accounting.rejected_isoforms) <= possible
    summary = json.loads((tmp_path / "out.gff3.ckpt.json").read_text())
    assert summary["fingerprint"]["grammar"] == "on"
