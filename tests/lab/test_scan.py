"""Scans for new and changed assemblies."""

import gzip
import os

import pytest

from tests.lab.homes import make_home, put, registered
from transgenic_dagster.lab.registry import read_registry
from transgenic_dagster.lab.scan import (
    STABLE_SECONDS,
    STABLE_SECONDS_IN_DOUBT,
    scan_assemblies,
)


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path)


def scan_at(home, times):
    """Scan at several times; return the last scan."""
    changing = {}
    for now in times:
        scan = scan_assemblies(home, read_registry(home), changing, now)
        changing = scan.changing
    return scan


def test_an_assembly_is_read_once_its_files_have_stopped_changing(home):
    put(home, "moss", register=False)
    for times in ([0], [0, STABLE_SECONDS - 1]):
        scan = scan_at(home, times)
        assert not scan.entries
        assert scan.notes == ["moss: waiting for files to stop changing."]
    scan = scan_at(home, [0, STABLE_SECONDS])
    assert scan.entries["moss"].generation == 1
    assert scan.entries["moss"].pieces == ("a6144", "b6144", "c6144", "d12288", "e5000", "f7001")
    assert not scan.changing


def test_a_file_that_grows_between_two_scans_is_not_read(home):
    put(home, "moss", register=False)
    first = scan_assemblies(home, {}, {}, 0)
    with home.assembly("moss").genome.open("a") as handle:
        handle.write(">more\nACGT\n")
    second = scan_assemblies(home, {}, first.changing, STABLE_SECONDS)
    assert not second.entries
    third = scan_assemblies(home, {}, second.changing, 2 * STABLE_SECONDS)
    assert third.entries["moss"].pieces[-1] == "unplaced-001"


def test_a_file_that_somebody_has_open_for_writing_is_not_read_however_long_it_stays_the_same(home):
    put(home, "moss", register=False)
    with home.assembly("moss").genome.open("a"):
        assert not scan_at(home, [0, 10 * STABLE_SECONDS_IN_DOUBT]).entries
    assert scan_at(home, [0, STABLE_SECONDS]).entries


@pytest.mark.parametrize("name", ["genome.fa", "genes.gff3", "genes.gff3.gz"])
def test_the_rest_of_half_a_file_is_waited_for(home, name):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    if name.endswith(".gz"):
        text = (folder / "genes.gff3").read_bytes()
        (folder / "genes.gff3").unlink()
        (folder / name).write_bytes(gzip.compress(text))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    scan = scan_at(home, [0, STABLE_SECONDS])
    assert not scan.entries
    assert "in case it is still being copied" in " ".join(scan.notes)
    (folder / name).write_bytes(whole)
    assert scan_at(home, [0, STABLE_SECONDS]).entries


def test_the_rest_of_half_a_compressed_genome_is_waited_for(home):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    whole = gzip.compress((folder / "genome.fa").read_bytes())
    (folder / "genome.fa").unlink()
    (folder / "genome.fa.gz").write_bytes(whole[: len(whole) // 2])
    assert not scan_at(home, [0, STABLE_SECONDS]).entries
    assert scan_at(home, [0, STABLE_SECONDS_IN_DOUBT]).entries["moss"].pieces == ()


def test_files_with_other_names_are_not_inputs_of_an_assembly(home):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    (folder / "genome.fa").rename(folder / "genome.fa.partial")
    (home.assemblies / ".hidden").mkdir()
    scan = scan_at(home, [0, STABLE_SECONDS_IN_DOUBT])
    assert not scan.entries
    assert scan.notes == [
        f"moss: {folder} has no genome.fa (or genome.fa.gz, genome.fa.bgz, genome.fasta, …)."
    ]


def test_a_bad_name_and_two_genomes_are_named_and_stop_nothing(home):
    (home.assemblies / "bad|name").mkdir()
    put(home, "both", register=False)
    (home.assembly("both").path / "genome.fna").write_text(">a\nACGT\n")
    put(home, "good", register=False)
    scan = scan_at(home, [0, STABLE_SECONDS])
    assert list(scan.entries) == ["good"]
    notes = " ".join(scan.notes)
    assert "'bad|name' cannot be the name of an assembly" in notes
    assert "genome.fa and genome.fna; remove one of them" in notes


def test_a_broken_genome_is_entered_without_pieces_and_with_its_reason(home):
    put(home, "moss", register=False)
    home.assembly("moss").genome.write_text("this is not FASTA\n")
    assert not scan_at(home, [0, STABLE_SECONDS]).entries
    scan = scan_at(home, [0, STABLE_SECONDS_IN_DOUBT])
    assert scan.entries["moss"].pieces == ()
    assert "is not a FASTA file" in " ".join(scan.notes)


def test_touching_changes_nothing_and_new_content_counts(home):
    put(home, "moss")
    before = read_registry(home)["moss"]
    genes = home.assembly("moss").genes
    os.utime(genes, (1, 1))
    touched = scan_at(home, [0, STABLE_SECONDS]).entries["moss"]
    assert (touched.generation, touched.digests) == (before.generation, before.digests)
    genes.write_text(genes.read_text() + "# changed\n")
    changed = scan_at(home, [0, STABLE_SECONDS]).entries["moss"]
    assert changed.generation == before.generation + 1
    home.assembly("moss").options_file.write_text("num_beams: 3\n")
    registered(home, "moss")
    assert "options" in read_registry(home)["moss"].digests
    assert read_registry(home)["moss"].generation == before.generation + 1


def test_known_files_are_not_read_again(home, monkeypatch):
    put(home, "moss")

    def fail(*_):
        raise AssertionError("read again")

    monkeypatch.setattr("transgenic_dagster.lab.scan.digest_input", fail)
    assert not scan_at(home, [0, STABLE_SECONDS]).entries
