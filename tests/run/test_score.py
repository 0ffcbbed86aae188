"""Whole runs of scoring, with the demo model and its own genes."""

import math
import subprocess
import sys

import pytest
import torch

from tests.assemblies import write_fasta
from tests.broken_annotation import broken_copy, write_annotation
from tests.run.judging import contents, score, table
from tests.run.test_annotate import rejects
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.errors import UsageError
from transgenic_dagster.gene_models.score_table import COLUMNS
from transgenic_dagster.inference.engine import Engine


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_assembly(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def truth(demo, tmp_path_factory):
    """The folder of a run that scored the true annotation, and its accounting."""
    folder = tmp_path_factory.mktemp("truth")
    return folder, score(demo.genome_fasta, demo.truth_gff3, folder)


@pytest.fixture(scope="module")
def small(demo, tmp_path_factory):
    """Genome and annotation of a few genes of two window lengths."""
    folder = tmp_path_factory.mktemp("small")
    genes = [gene for gene in demo.genes if gene.predictable and gene.seqid != "Chr1"][4:12]
    return demo.genome_fasta, write_annotation(folder / "genes.gff3", genes)


def of_level(rows, level):
    return [row for row in rows if row["level"] == level]


def genes_by_rank(folder):
    return of_level(table(folder / "scores.tsv"), "gene")


def test_the_true_annotation_is_nearly_certain(truth):
    folder, accounting = truth
    assert accounting.summary() == "Genes: 46 in all, 46 scored, 0 rejected, 0 skipped"
    rows = genes_by_rank(folder)
    total = sum(float(row["log_probability"]) for row in rows)
    assert math.exp(total / sum(int(row["tokens"]) for row in rows)) > 0.99
    assert all(float(row["perplexity"]) < 1 / 0.99 for row in rows)
    assert all(row["position"] == row["preferred_position"] for row in rows)


def test_the_table_tells_genes_transcripts_and_boundaries_in_order_of_doubt(truth):
    folder, _ = truth
    rows = table(folder / "scores.tsv")
    assert tuple(rows[0]) == COLUMNS
    genes = of_level(rows, "gene")
    assert [int(row["rank"]) for row in genes] == list(range(1, 47))
    perplexities = [float(row["perplexity"]) for row in genes]
    assert perplexities == sorted(perplexities, reverse=True)
    for gene in genes:
        own = [row for row in rows if row["gene_id"] == gene["gene_id"]]
        assert {row["rank"] for row in own} == {gene["rank"]}
        boundaries = of_level(own, "boundary")
        weakest = min(boundaries, key=lambda row: float(row["log_probability"]))
        assert weakest["name"] == gene["weakest_boundary"]
        assert len({(row["name"]) for row in boundaries}) == len(boundaries)
        names = {row["name"] for row in of_level(own, "transcript")}
        assert all(name.startswith(f"{gene['gene_id']}.") for name in names)


def test_column_6_of_the_gff3_has_the_scores_and_nothing_else_changes(demo, truth):
    folder, _ = truth
    before = demo.truth_gff3.read_text().splitlines()
    scores = {}
    for line in (folder / "scores.gff3").read_text().splitlines():
        if not line.startswith("#"):
            columns = line.split("\t")
            score, columns[5] = columns[5], "."
            scores["\t".join(columns)] = (columns[2], score)
    assert set(scores) == {line for line in before if not line.startswith("#")}
    for kind, score in scores.values():
        if kind == "exon":
            assert score == "."
        else:
            assert 0.9 < float(score) <= 1


@pytest.mark.parametrize("ends", ["one", "both"])
def test_broken_genes_come_first_and_the_shifted_boundary_is_named(demo, tmp_path, ends):
    genes, faults = broken_copy(demo.genes, ends=ends)
    score(demo.genome_fasta, write_annotation(tmp_path / "broken.gff3", genes), tmp_path / "out")
    rows = genes_by_rank(tmp_path / "out")
    assert {row["gene_id"] for row in rows[:15]} == set(faults)
    for row in rows[:15]:
        fault = faults[row["gene_id"]]
        if fault.kind == "shifted":
            assert int(row["position"]) in fault.boundaries
            assert row["preferred_position"] != row["position"]
            assert float(row["log_odds"]) > 1


NONCODING = [
    "c\ttest\tgene\t101\t900\t.\t+\t.\tID=lnc",
    "c\ttest\tlnc_RNA\t101\t900\t.\t+\t.\tID=lnc.1;Parent=lnc",
    "c\ttest\texon\t101\t900\t.\t+\t.\tParent=lnc.1",
    "c\ttest\tgene\t1001\t1900\t.\t+\t.\tID=bare",
]


def gene_rows(name, parts, start=1001, end=1900, strands="+"):
    rows = [f"c\ttest\tgene\t{start}\t{end}\t.\t+\t.\tID={name}"]
    rows.append(f"c\ttest\tmRNA\t{start}\t{end}\t.\t+\t.\tID={name}.1;Parent={name}")
    rows += [
        f"c\ttest\tCDS\t{left}\t{right}\t.\t{strands[i % len(strands)]}\t0\tParent={name}.1"
        for i, (left, right) in enumerate(parts)
    ]
    return rows


def test_what_cannot_be_told_is_accounted_for_with_its_reason(demo, tmp_path):
    rows = [
        *NONCODING,
        *gene_rows("many", [(2001 + 5 * i, 2003 + 5 * i) for i in range(151)], 2001, 2900),
        *gene_rows("outside", [(3001, 3100), (7001, 7100)], 3001, 3900),
        *gene_rows("long", [(4001 + 50 * i, 4030 + 50 * i) for i in range(15)], 4001, 4900),
        *gene_rows("nowhere", [(4101, 4200)], 4101, 4300, strands="?"),
        *gene_rows("good", [(5001, 5100), (5201, 5300)], 5001, 5300),
        *gene_rows("beyond", [(50_001, 50_100)], 50_001, 50_100),
    ]
    (tmp_path / "genes.gff3").write_text("##gff-version 3\n" + "\n".join(rows) + "\n")
    genome = write_fasta(tmp_path / "genome.fa", {"c": demo.sequences["Chr1"][:9000].upper()})
    out = tmp_path / "out"
    accounting = score(genome, tmp_path / "genes.gff3", out, max_length=150)
    expected = {
        "lnc": "not_protein_coding",
        "bare": "no_cds",
        "many": "too_many_parts",
        "outside": "out_of_window",
        "long": "sentence_too_long",
        "nowhere": "mixed_strand",
        "beyond": "outside_sequence",
    }
    assert {r["gm_id"]: r["reason"] for r in rejects(out / "scores.tsv.rejects.txt")} == expected
    assert accounting.total == 8
    assert dict(accounting.skipped) == {"outside_sequence": 1, "not_protein_coding": 1}
    assert accounting.rejected.total() == 5
    unscored = {row["gene_id"]: row["reason"] for row in genes_by_rank(out) if row["rank"] == "."}
    assert unscored == expected
    assert genes_by_rank(out)[0]["gene_id"] == "good"


def test_a_transcript_that_cannot_be_told_is_named_and_the_others_are_scored(demo, tmp_path):
    gene = next(g for g in demo.genes if g.predictable)
    gff = write_annotation(tmp_path / "genes.gff3", [gene])
    extra = [
        "Chr1\ttest\tlnc_RNA\t10\t300\t.\t+\t.\tID=extra;Parent=DEMO1G00010\n",
        "Chr1\ttest\texon\t10\t300\t.\t+\t.\tParent=extra\n",
    ]
    gff.write_text(gff.read_text() + "".join(extra))
    accounting = score(demo.genome_fasta, gff, tmp_path / "out")
    assert (accounting.total, accounting.rejected.total()) == (1, 0)
    rows = of_level(table(tmp_path / "out/scores.tsv"), "transcript")
    assert [row["name"] for row in rows] == [f"{gene.gene_id}.1", "extra"]
    assert [row["reason"] for row in rows] == [".", "no_cds"]


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"batch_size": 3}, {"device": "cpu,cpu"}])
def test_neither_batches_nor_devices_change_the_scores(small, tmp_path, options):
    score(*small, tmp_path / "a", batch_size=2)
    score(*small, tmp_path / "b", **options)
    one, other = (genes_by_rank(tmp_path / name) for name in "ab")
    assert [row["gene_id"] for row in one] == [row["gene_id"] for row in other]
    for left, right in zip(one, other, strict=True):
        difference = float(left["log_probability"]) - float(right["log_probability"])
        assert abs(difference) < 1e-4
    if "device" in options:
        score(*small, tmp_path / "c", batch_size=2)
        for more in ({"crash_after": 3}, {"resume": True}):
            score(*small, tmp_path / "d", batch_size=2, **options, **more)
        assert contents(tmp_path / "c") == contents(tmp_path / "d")


def test_a_resumed_run_ends_with_the_same_bytes(small, tmp_path):
    score(*small, tmp_path / "whole", batch_size=2)
    score(*small, tmp_path / "broken", batch_size=2, crash_after=3)
    assert not (tmp_path / "broken/scores.tsv").exists()
    score(*small, tmp_path / "broken", batch_size=2, resume=True)
    assert contents(tmp_path / "whole") == contents(tmp_path / "broken")


def test_out_of_memory_halves_the_batch_and_keeps_each_gene_with_its_window(
    small, tmp_path, monkeypatch
):
    score(*small, tmp_path / "whole", batch_size=1)
    read = Engine._read

    def read_few(engine, regions, input_ids, given, batch_size):
        if batch_size > 1:
            raise torch.OutOfMemoryError("full")
        return read(engine, regions, input_ids, given, batch_size)

    monkeypatch.setattr(Engine, "_read", read_few)
    score(*small, tmp_path / "short", batch_size=4)
    assert contents(tmp_path / "whole") == contents(tmp_path / "short")


def test_a_prediction_is_not_resumed_as_scores(small, tmp_path):
    score(*small, tmp_path, batch_size=2, crash_after=3)
    with pytest.raises(UsageError, match="not the run that was interrupted"):
        score(*small, tmp_path, batch_size=2, resume=True, max_length=1000)


def test_the_program_writes_its_files(small, tmp_path):
    fasta, gff = small
    code = "import sys; from transgenic_dagster.cli.score import main; sys.exit(main())"
    arguments = [fasta, gff, "-o", "s.tsv", "--gff3", "s.gff3", "-m", demo_checkpoint()]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments), "--device", "cpu"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "8 in all" in done.stderr
    names = {"s.tsv", "s.gff3", "s.tsv.rejects.txt", "s.tsv.ckpt.json"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_options_of_prediction_are_unknown_to_the_program(small, tmp_path):
    fasta, gff = small
    code = "import sys; from transgenic_dagster.cli.score import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, str(fasta), str(gff), "--num_beams", "3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--num_beams" in done.stderr
