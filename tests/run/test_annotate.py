"""Whole runs through the program, as a user starts it."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import golden
from tests.assemblies import Assembly, golden_chromosome, golden_contigs, write_fasta, write_genes
from transgenic_dagster.inference import batching
from transgenic_dagster.progress import SilentProgress
from transgenic_dagster.run import result_files
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.given_options import parse_options

TINY: dict[str, Any] = {"model": str(golden.TINY_CHECKPOINT), "max_length": 64, "device": "cpu"}


def run(assembly: Assembly, folder: Path, **options: Any) -> Any:
    """Annotate with the tiny checkpoint, in this process."""
    output = options.pop("output", folder / "out.gff3")
    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff, "output": output}
    return annotate(parse_options(values | {"num_workers": 0} | options), SilentProgress())


def program(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``transgenic-annotate`` as a process of its own."""
    code = "import sys; from transgenic_dagster.cli.annotate import main as c; sys.exit(c())"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open() as handle:
        return {row["gene_id"]: row for row in csv.DictReader(handle, delimiter="\t")}


def rejects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("batch_size", [1, 3, 8, "auto"])
@pytest.mark.parametrize("layout", [golden_contigs, golden_chromosome])
def test_sentences_are_those_of_the_published_model(tmp_path, layout, batch_size):
    assembly = layout(tmp_path)
    run(assembly, tmp_path, gsf_output=tmp_path / "gsf.tsv", batch_size=batch_size)
    rows = table(tmp_path / "gsf.tsv")
    if layout is golden_contigs:
        assert set(rows) == set(golden.WINDOWS)
        for name, row in rows.items():
            assert row["gsf"] == golden.tiny_windows()[name]["beam2"]["decoded_raw"]
    else:
        names = ["a6144", "b6144", "c6144"] * 3
        recorded = [golden.tiny_windows()[name]["beam2"]["decoded_raw"] for name in names]
        assert [rows[f"gene{i}"]["gsf"] for i in range(9)] == recorded


@pytest.mark.parametrize("batches", [1, 4])
def test_waiting_regions_that_take_free_places_change_no_sentence(tmp_path, monkeypatch, batches):
    monkeypatch.setattr(batching, "CPU_BATCHES_PER_UNIT", batches)
    run(golden_chromosome(tmp_path), tmp_path, gsf_output=tmp_path / "gsf.tsv", batch_size=2)
    rows = table(tmp_path / "gsf.tsv")
    names = ["a6144", "b6144", "c6144"] * 3
    recorded = [golden.tiny_windows()[name]["beam2"]["decoded_raw"] for name in names]
    assert [rows[f"gene{i}"]["gsf"] for i in range(9)] == recorded


def test_two_processes_leave_the_same_bytes_as_one(tmp_path):
    assembly = golden_chromosome(tmp_path)
    for device in ("cpu", "cpu,cpu"):
        (tmp_path / device).mkdir()
        out = {
            "output": tmp_path / device / "out.gff3",
            "gsf_output": tmp_path / device / "gsf.tsv",
        }
        run(assembly, tmp_path, batch_size=2, device=device, **out)
    assert results(tmp_path / "cpu") == results(tmp_path / "cpu,cpu")


def test_greedy_sentences_are_those_of_the_published_model(tmp_path):
    run(golden_contigs(tmp_path), tmp_path, gsf_output=tmp_path / "gsf.tsv", num_beams=1)
    for name, row in table(tmp_path / "gsf.tsv").items():
        assert row["gsf"] == golden.tiny_windows()[name]["greedy"]["decoded_raw"]


def test_every_region_that_gives_no_gene_is_rejected_with_its_window_and_reason(tmp_path):
    accounting = run(golden_contigs(tmp_path), tmp_path)
    reported = {reject["gm_id"]: reject for reject in rejects(tmp_path / "out.gff3.rejects.txt")}
    assert set(reported) == set(golden.WINDOWS)
    assert accounting.total == 6
    for name, reject in reported.items():
        window = golden.tiny_windows()[name]
        assert (reject["chrom"], reject["start"], reject["end"]) == (name, 0, window["length"])
        assert reject["pred_raw"] == window["beam2"]["decoded_raw"]
        truncated = window["beam2"]["ids"][-1] != 2
        assert reject["reason"] == ("truncated" if truncated else "unparsable")
        assert reject["error"].startswith(f"{reject['reason']}: ")


STRANGE_IDS = ["it's", 'a"b', "semi;colon", "naïve-基因", "with space", "100%", "a\tb", "a,b=c&d"]


def test_every_gene_row_is_accounted_for_whatever_its_identifier(tmp_path):
    encoded = [
        name.replace("%", "%25")
        .replace(";", "%3B")
        .replace("\t", "%09")
        .replace(",", "%2C")
        .replace("=", "%3D")
        .replace("&", "%26")
        for name in STRANGE_IDS
    ]
    chromosome = golden.tiny_windows()["a6144"]["sequence"].lower() * 2
    rows = [
        (f"chr{i % 2 + 1}", 1000 * i + 1, 1000 * i + 900, "+-"[i % 2], f"ID={name}")
        for i, name in enumerate(encoded)
    ]
    assembly = Assembly(
        write_fasta(tmp_path / "genome.fa", {"chr1": chromosome, "chr2": chromosome[::-1]}),
        write_genes(tmp_path / "genes.gff3", rows),
    )
    accounting = run(assembly, tmp_path, max_length=8, keep_db=True, gsf_output=tmp_path / "g.tsv")
    assert accounting.total == len(STRANGE_IDS)
    reported = rejects(tmp_path / "out.gff3.rejects.txt")
    assert sorted(reject["gm_id"] for reject in reported) == sorted(STRANGE_IDS)
    for reject in reported:
        i = STRANGE_IDS.index(reject["gm_id"])
        assert (reject["chrom"], reject["strand"]) == (f"chr{i % 2 + 1}", "+-"[i % 2])
        assert (reject["gene_start"], reject["gene_end"]) == (1000 * i, 1000 * i + 900)
    assert len((tmp_path / "g.tsv").read_text().splitlines()) == len(STRANGE_IDS) + 1


def test_a_file_with_one_gene_gives_one_region(tmp_path):
    sequence = golden.tiny_windows()["e5000"]["sequence"]
    assembly = Assembly(
        write_fasta(tmp_path / "genome.fa", {"c": sequence}),
        write_genes(tmp_path / "genes.gff3", [("c", 1, 5000, "-", "ID=only")]),
    )
    assert run(assembly, tmp_path).total == 1


def test_skipped_genes_are_reported_with_their_reasons(tmp_path):
    sequence = golden.tiny_windows()["d12288"]["sequence"] * 3
    assembly = Assembly(
        write_fasta(tmp_path / "genome.fa", {"c": sequence}),
        write_genes(
            tmp_path / "genes.gff3",
            [
                ("c", 1, 5000, "+", "ID=good"),
                ("c", 1, 5000, "+", "ID=good"),
                ("c", 100, 20_000, "+", "ID=long"),
                ("elsewhere", 1, 100, "+", "ID=lost"),
                ("c", 30_000, 40_000, "+", "ID=beyond"),
                ("c", 500, 400, "+", "ID=backwards"),
            ],
        ),
    )
    accounting = run(assembly, tmp_path, max_length=8)
    assert accounting.total == 6
    assert dict(accounting.skipped) == {
        "duplicate": 1,
        "window_too_long": 1,
        "unknown_sequence": 1,
        "outside_sequence": 1,
        "bad_row": 1,
    }
    reasons = {r["reason"]: r for r in rejects(tmp_path / "out.gff3.rejects.txt")}
    assert reasons["window_too_long"]["gm_id"] == "long"
    assert "line 7" in reasons["bad_row"]["error"]


def test_a_finished_run_leaves_only_its_results(tmp_path):
    assembly = golden_contigs(tmp_path)
    out = tmp_path / "results"
    out.mkdir()
    run(assembly, out)
    assert sorted(path.name for path in out.iterdir()) == [
        "out.gff3",
        "out.gff3.ckpt.json",
        "out.gff3.rejects.txt",
    ]
    run(assembly, out, keep_db=True, output=out / "kept.gff3", proteins=out / "p.fa")
    kept = {path.name for path in (out / "kept.gff3.work").iterdir()}
    assert kept == {"lock", "regions.duckdb", "run.json"}
    assert (out / "p.fa").exists()


class CrashError(Exception):
    """Ends a run from inside, like a crash."""


class CrashAfter(SilentProgress):
    """Crashes once some regions are done."""

    def __init__(self, regions):
        self.left = regions

    def update(self, regions, rejected):
        self.left -= regions
        if self.left <= 0:
            raise CrashError


def interrupt(assembly, folder, regions=3, **options):
    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff, "num_workers": 0}
    values |= {"output": folder / "out.gff3", "batch_size": 2} | options
    with pytest.raises(CrashError):
        annotate(parse_options(values), CrashAfter(regions))


def results(folder):
    return [
        (folder / name).read_bytes() for name in ("out.gff3", "out.gff3.rejects.txt", "gsf.tsv")
    ]


def test_a_resumed_run_ends_with_the_same_bytes_and_predicts_only_the_rest(tmp_path):
    assembly = golden_chromosome(tmp_path)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    run(assembly, whole, batch_size=2, gsf_output=whole / "gsf.tsv")
    interrupt(assembly, broken, 3, gsf_output=broken / "gsf.tsv")
    assert not (broken / "out.gff3").exists()
    state = json.loads((broken / "out.gff3.ckpt.json").read_text())
    assert (state["completed"], state["total"], state["status"]) == (4, 9, "running")

    seen = []

    class Count(SilentProgress):
        def start(self, total, done, rejected):
            seen.append((total, done))

        def update(self, regions, rejected):
            seen.append(regions)

    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff, "num_workers": 0}
    values |= {"output": broken / "out.gff3", "gsf_output": broken / "gsf.tsv", "batch_size": 2}
    annotate(parse_options(values | {"resume": True}), Count())
    assert seen == [(9, 4), 4, 1]
    assert results(broken) == results(whole)


def test_an_unfinished_run_is_neither_overwritten_nor_mixed_up(tmp_path):
    assembly = golden_chromosome(tmp_path)
    interrupt(assembly, tmp_path)
    arguments = (assembly.fasta, assembly.gff, "-o", "out.gff3", "-m", TINY["model"])
    arguments += ("--max_length", 64, "--device", "cpu", "--batch_size", 2)

    refused = program(*arguments, cwd=tmp_path)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    assert "--overwrite" in refused.stderr

    for change, named in (
        (("--num_beams", 3), "num_beams was 2, is 3"),
        (("--window_rule", "published"), "window_rule"),
        (("--precision", "bf16"), "precision"),
    ):
        refused = program(*arguments, "--resume", *change, cwd=tmp_path)
        assert refused.returncode == 2
        assert named in refused.stderr

    assembly.gff.write_text(assembly.gff.read_text() + "# changed\n")
    refused = program(*arguments, "--resume", cwd=tmp_path)
    assert refused.returncode == 2
    assert "annotation was" in refused.stderr

    done = program(*arguments, "--overwrite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "9 in all" in done.stderr
    assert "regions/s, ETA" in done.stderr

    again = program(*arguments, "--resume", cwd=tmp_path)
    assert again.returncode == 0
    assert "complete already" in again.stderr


def test_reading_processes_change_no_result_and_say_nothing(tmp_path):
    assembly = golden_chromosome(tmp_path, copies=6)
    outputs = []
    for workers in (0, 2):
        done = program(
            assembly.fasta, assembly.gff, "-o", f"{workers}.gff3", "-m", TINY["model"],
            "--max_length", 8, "--batch_size", 1, "--num_workers", workers, "--quiet",
            "--gsf_output", f"{workers}.tsv", cwd=tmp_path,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        outputs.append((tmp_path / f"{workers}.tsv").read_bytes())
    assert outputs[0] == outputs[1]


def test_resume_without_a_checkpoint_starts_afresh_with_a_note(tmp_path):
    assembly = golden_contigs(tmp_path)
    done = program(
        assembly.fasta, assembly.gff, "-m", TINY["model"], "--max-length=4", "--resume",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "starting afresh" in done.stderr
    assert (tmp_path / "transgenic_inference.gff3").exists()


def test_a_folder_in_use_is_refused(tmp_path):
    assembly = golden_contigs(tmp_path)

    class Second(SilentProgress):
        def update(self, regions, rejected):
            second = program(
                assembly.fasta, assembly.gff, "-o", "out.gff3", "-m", TINY["model"], "--resume",
                "--max_length", 64, "--device", "cpu", cwd=tmp_path,
            )  # fmt: skip
            assert second.returncode == 2
            assert "Another process is going to write out.gff3" in second.stderr
            raise CrashError

    values = TINY | {"fasta_file": assembly.fasta, "gff_file": assembly.gff}
    with pytest.raises(CrashError):
        annotate(parse_options(values | {"output": tmp_path / "out.gff3"}), Second())


def test_strict_gff3_changes_only_the_attribute(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path, max_length=4)
    plain = (tmp_path / "out.gff3").read_text()
    run(assembly, tmp_path, max_length=4, strict_gff3=True)
    assert (tmp_path / "out.gff3").read_text() == plain.replace("GM=", "gm=")
    assert plain.startswith("##gff-version 3\n#!transgenic-dagster ")


def test_sampling_follows_the_seed_and_not_the_batch(tmp_path):
    assembly = golden_chromosome(tmp_path)
    sampled = []
    for i, options in enumerate(
        [{"seed": 1, "batch_size": 1}, {"seed": 1, "batch_size": 4}, {"seed": 2, "batch_size": 4}]
    ):
        path = tmp_path / f"{i}.tsv"
        run(assembly, tmp_path, do_sample=True, max_length=16, gsf_output=path, **options)
        sampled.append({name: row["gsf"] for name, row in table(path).items()})
    assert sampled[0] == sampled[1] != sampled[2]


def test_feature_types_widen_what_counts_as_a_gene(tmp_path):
    assembly = golden_contigs(tmp_path)
    text = assembly.gff.read_text()
    assembly.gff.write_text(text.replace("gene\t1\t5000", "pseudogene\t1\t5000"))
    assert run(assembly, tmp_path, max_length=4).total == 5
    both = ("gene", "pseudogene")
    assert run(assembly, tmp_path, max_length=4, feature_types=both).total == 6


def test_no_sort_keeps_the_order_of_the_file(tmp_path):
    assembly = golden_contigs(tmp_path)
    header, *rows = assembly.gff.read_text().splitlines(keepends=True)
    assembly.gff.write_text(header + "".join(reversed(rows)))
    orders = []
    for no_sort in (False, True):
        run(assembly, tmp_path, max_length=4, no_sort=no_sort, gsf_output=tmp_path / "g.tsv")
        orders.append(list(table(tmp_path / "g.tsv")))
    assert orders == [list(golden.WINDOWS), list(reversed(golden.WINDOWS))]


def test_the_published_window_rule_clips_where_ours_extends(tmp_path):
    sequence = golden.tiny_windows()["d12288"]["sequence"]
    assembly = Assembly(
        write_fasta(tmp_path / "genome.fa", {"c": sequence}),
        write_genes(tmp_path / "genes.gff3", [("c", 12_000, 12_200, "+", "ID=g")]),
    )
    windows = []
    for rule in ("extended", "published"):
        path = tmp_path / "g.tsv"
        run(assembly, tmp_path, max_length=4, window_rule=rule, gsf_output=path)
        row = table(path)["g"]
        windows.append((int(row["window_start"]), int(row["window_end"])))
    assert windows == [(6144, 12_288), (9027, 12_288)]


def test_resume_makes_what_is_missing_of_a_complete_run(tmp_path):
    assembly = golden_contigs(tmp_path)
    run(assembly, tmp_path, max_length=4)
    (tmp_path / "out.gff3").unlink()
    assert run(assembly, tmp_path, max_length=4, resume=True).total == 6
    assert (tmp_path / "out.gff3").exists()
    table_path = tmp_path / "gsf.tsv"
    assert run(assembly, tmp_path, max_length=4, resume=True, gsf_output=table_path).total == 6
    assert len(table(table_path)) == 6


def test_a_work_folder_that_was_removed_is_made_again(tmp_path):
    assembly = golden_chromosome(tmp_path)
    interrupt(assembly, tmp_path)
    shutil.rmtree(tmp_path / "out.gff3.work")
    assert run(assembly, tmp_path, batch_size=2, resume=True).total == 9


def test_a_run_whose_genes_are_all_skipped_ends_well_with_all_its_files(tmp_path):
    assembly = golden_contigs(tmp_path)
    genes = assembly.gff.read_text()
    row = next(line for line in genes.splitlines() if "\tgene\t" in line).split("\t")
    assembly.gff.write_text("\t".join(["elsewhere", *row[1:]]) + "\n")
    proteins = tmp_path / "proteins.fa"
    accounting = run(assembly, tmp_path, proteins=proteins)
    assert (accounting.total, accounting.skipped.total()) == (1, 1)
    (reject,) = rejects(tmp_path / "out.gff3.rejects.txt")
    assert reject["reason"] == "unknown_sequence"
    assert (tmp_path / "out.gff3").read_text().startswith("##gff-version 3\n")
    assert proteins.read_text() == ""
    assert run(assembly, tmp_path, resume=True).as_dict() == accounting.as_dict()


def test_files_are_closed_where_not_all_of_them_can_be_begun(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(result_files, "write_skipped", fail)
    with pytest.raises(OSError, match="No space left") as failed:
        run(golden_contigs(tmp_path), tmp_path, max_length=8, num_beams=1)
    assert failed.tb, "what holds everything that was opened"
    assert not list(tmp_path.glob(".*.partial"))
