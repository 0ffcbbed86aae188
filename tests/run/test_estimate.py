import gzip
from random import Random

import pytest

from tests import golden
from tests.assemblies import Assembly, golden_chromosome, write_genes
from tests.run.test_annotate import program, run, table
from transgenic_dagster.demo import demo_checkpoint
from transgenic_dagster.demo.assembly import write_assembly
from transgenic_dagster.gsf.vocabulary import clean_sentence, encode_gsf
from transgenic_dagster.run import annotate as annotate_module
from transgenic_dagster.run.estimate import journal_bytes, make_plan
from transgenic_dagster.run.given_options import parse_options


def plan(assembly, **options):
    values = {"fasta_file": assembly.fasta, "gff_file": assembly.gff, "device": "cpu"}
    return make_plan(parse_options(values | {"model": str(golden.TINY_CHECKPOINT)} | options))


def test_a_plan_says_what_a_run_then_does(tmp_path):
    demo = write_assembly(tmp_path)
    made = plan(Assembly(demo.genome_fasta, demo.genes_gff3), model=str(demo_checkpoint()))
    assert sum(made.regions_by_window.values()) == 48
    assert made.skipped == {"window_too_long": 1, "unknown_sequence": 1}
    assert made.disk_bytes > 1_000_000
    assert made.memory_bytes > 5_000_000
    text = made.render()
    assert "50 genes: 48 regions to predict, 2 skipped." in text
    assert "window_too_long        1" in text


def bytes_of(folder, *, without):
    files = (path for path in folder.rglob("*") if path.is_file() and path not in without)
    return sum(path.stat().st_size for path in files)


def test_the_disk_that_is_planned_is_the_disk_that_is_taken(tmp_path, monkeypatch):
    demo = write_assembly(tmp_path)
    inputs = set(tmp_path.iterdir())
    outputs = {"gsf_output": tmp_path / "gsf.tsv", "proteins": tmp_path / "proteins.fa"}
    options = outputs | {"model": str(demo_checkpoint()), "max_length": 400, "keep_input": True}
    taken, journals = [], []
    for name in ("make_region_db", "predict_pieces", "merge_pieces"):
        stage = getattr(annotate_module, name)

        def measured(folder, *args, stage=stage, **more):
            result = stage(folder, *args, **more)
            taken.append(bytes_of(tmp_path, without=inputs))
            journals.append(sum(p.stat().st_size for p in folder.journal_folder.glob("*.jsonl")))
            return result

        monkeypatch.setattr(annotate_module, name, measured)
    assembly = Assembly(demo.genome_fasta, demo.genes_gff3)
    run(assembly, tmp_path, **options)
    assert plan(assembly, **options).disk_bytes == pytest.approx(max(taken), rel=0.1)
    sentences = [row["gsf"] for row in table(outputs["gsf_output"]).values()]
    tokens = sum(len(encode_gsf(clean_sentence(sentence))) for sentence in sentences)
    assert journal_bytes(tokens, num_beams=2) == pytest.approx(max(journals), rel=0.1)


def test_a_gzipped_genome_and_large_windows_are_in_the_disk_that_is_planned(tmp_path):
    random = Random(1)
    sequence = "".join(random.choices("ACGT", k=2_000_000))
    assembly = Assembly(tmp_path / "genome.fa.gz", tmp_path / "genes.gff3")
    assembly.fasta.write_bytes(gzip.compress(f">chr1\n{sequence}\n".encode()))
    starts = sorted(random.sample(range(20_000, 1_900_000), 40))
    genes = [("chr1", s, s + random.randint(500, 9_000), "+", f"ID=g{s}") for s in starts]
    write_genes(assembly.gff, genes)
    inputs = set(tmp_path.iterdir())
    taken = []

    def measured(*_args, **_more):
        taken.append(bytes_of(tmp_path, without=inputs))
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(annotate_module, "predict_pieces", measured)
        run(assembly, tmp_path)
    assert taken[0] > 2_000_000
    assert plan(assembly).disk_bytes == pytest.approx(taken[0], rel=0.1)


def test_a_plan_follows_the_options(tmp_path):
    assembly = golden_chromosome(tmp_path)
    assert plan(assembly, batch_size=2).batch_sizes == {6144: 2}
    few, many = plan(assembly, num_beams=1), plan(assembly, num_beams=8)
    assert few.memory_bytes < many.memory_bytes
    assert few.seconds > 0


def test_a_plan_counts_the_memory_of_all_processes(tmp_path, monkeypatch):
    assembly = golden_chromosome(tmp_path, copies=20)
    alone = plan(assembly, batch_size=2)
    monkeypatch.setattr("transgenic_dagster.inference.device.usable_cores", lambda: 16)
    split = plan(assembly, batch_size=2)
    assert "up to 2 processes share the cores" in split.render()
    assert alone.memory_bytes < split.memory_bytes < 2 * alone.memory_bytes


def test_rows_that_are_no_genes_and_cannot_be_read_are_counted(tmp_path):
    assembly = golden_chromosome(tmp_path)
    text = assembly.gff.read_text()
    assembly.gff.write_text(text + "chr1\tx\tCDS\tone\t2\t.\t+\t.\tID=c\n")
    made = plan(assembly)
    assert made.broken_rows == 1
    assert "Cannot be read: 1 row other than genes" in made.render()


def test_without_the_model_the_published_sizes_are_assumed(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    made = plan(golden_chromosome(tmp_path), model="some-lab/some-model", offline=True)
    assert "not on this machine" in made.render()
    assert made.memory_bytes > 400_591_104 * 4


def test_the_program_prints_the_plan_and_writes_nothing(tmp_path):
    assembly = golden_chromosome(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = program(
        assembly.fasta, assembly.gff, "-o", "out.gff3", "-m", golden.TINY_CHECKPOINT, "--plan",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "9 genes: 9 regions to predict" in done.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_a_plan_tells_and_refuses_what_a_run_would(tmp_path):
    assembly = golden_chromosome(tmp_path)
    arguments = (assembly.fasta, assembly.gff, "-m", golden.TINY_CHECKPOINT, "--plan")
    write_genes(assembly.gff, [("nowhere", 1, 100, "+", "ID=g")])
    done = program(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 gene: 0 regions to predict, 1 skipped." in done.stdout
    assert "nowhere" in done.stderr
    write_genes(assembly.gff, [])
    done = program(*arguments, cwd=tmp_path)
    assert done.returncode == 2
