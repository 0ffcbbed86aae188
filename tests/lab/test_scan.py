"""Noticing new and changed assemblies."""

import gzip
import os

import pytest

from tests.orchestration.labs import make_home, put, registered
from transgenic_dagster.lab.registry import read_registry
from transgenic_dagster.lab.scan import (
    DOUBTFUL_REST_SECONDS,
    REST_SECONDS,
    scan_assemblies,
)


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path)


def look(home, times, registry=None):
    """Look at several times; return the last look."""
    looks = {}
    registry = read_registry(home) if registry is None else registry
    for now in times:
        found = scan_assemblies(home, registry, looks, now)
        looks = found.looks
    return found


def test_an_assembly_is_read_once_its_files_have_rested(home):
    put(home, "moss", register=False)
    assert not look(home, [0]).entries
    assert not look(home, [0, REST_SECONDS - 1]).entries
    found = look(home, [0, REST_SECONDS])
    assert found.entries["moss"].generation == 1
    assert found.entries["moss"].pieces == ("a6144", "b6144", "c6144", "d12288", "e5000", "f7001")
    assert not found.looks


def test_a_file_that_grows_between_two_looks_is_not_read(home):
    put(home, "moss", register=False)
    first = scan_assemblies(home, {}, {}, 0)
    with home.assembly("moss").genome.open("a") as handle:
        handle.write(">more\nACGT\n")
    second = scan_assemblies(home, {}, first.looks, REST_SECONDS)
    assert not second.entries
    third = scan_assemblies(home, {}, second.looks, 2 * REST_SECONDS)
    assert third.entries["moss"].pieces[-1] == "unplaced-001"


def test_a_file_that_somebody_still_writes_is_not_read_however_long_it_rests(home):
    put(home, "moss", register=False)
    with home.assembly("moss").genome.open("a"):
        assert not look(home, [0, 10 * DOUBTFUL_REST_SECONDS]).entries
    assert look(home, [0, REST_SECONDS]).entries


@pytest.mark.parametrize("name", ["genome.fa", "genes.gff3", "genes.gff3.gz"])
def test_half_a_file_is_waited_for(home, name):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    if name.endswith(".gz"):
        text = (folder / "genes.gff3").read_bytes()
        (folder / "genes.gff3").unlink()
        (folder / name).write_bytes(gzip.compress(text))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    found = look(home, [0, REST_SECONDS])
    assert not found.entries
    assert "in case it is still being copied" in " ".join(found.notes)
    (folder / name).write_bytes(whole)
    assert look(home, [0, REST_SECONDS]).entries


def test_half_a_compressed_genome_is_waited_for(home):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    whole = gzip.compress((folder / "genome.fa").read_bytes())
    (folder / "genome.fa").unlink()
    (folder / "genome.fa.gz").write_bytes(whole[: len(whole) // 2])
    assert not look(home, [0, REST_SECONDS]).entries
    assert look(home, [0, DOUBTFUL_REST_SECONDS]).entries["moss"].pieces == ()


def test_names_that_are_not_inputs_are_no_files_of_an_assembly(home):
    put(home, "moss", register=False)
    folder = home.assembly("moss").path
    (folder / "genome.fa").rename(folder / "genome.fa.partial")
    (home.assemblies / ".hidden").mkdir()
    found = look(home, [0, DOUBTFUL_REST_SECONDS])
    assert not found.entries
    assert found.notes == [
        f"moss: {folder} has no genome.fa (or genome.fa.gz, genome.fa.bgz, genome.fasta, …)."
    ]


def test_a_bad_name_and_two_genomes_are_named_and_stop_nothing(home):
    (home.assemblies / "bad|name").mkdir()
    put(home, "both", register=False)
    (home.assembly("both").path / "genome.fna").write_text(">a\nACGT\n")
    put(home, "good", register=False)
    found = look(home, [0, REST_SECONDS])
    assert list(found.entries) == ["good"]
    notes = " ".join(found.notes)
    assert "'bad|name' cannot be an assembly's name" in notes
    assert "genome.fa and genome.fna; remove one of them" in notes


def test_a_broken_genome_is_entered_without_pieces_and_with_its_reason(home):
    put(home, "moss", register=False)
    home.assembly("moss").genome.write_text("this is no FASTA\n")
    assert not look(home, [0, REST_SECONDS]).entries
    found = look(home, [0, DOUBTFUL_REST_SECONDS])
    assert found.entries["moss"].pieces == ()
    assert "is not a FASTA file" in " ".join(found.notes)


def test_touching_changes_nothing_and_new_content_counts(home):
    put(home, "moss")
    before = read_registry(home)["moss"]
    genes = home.assembly("moss").genes
    os.utime(genes, (1, 1))
    touched = look(home, [0, REST_SECONDS]).entries["moss"]
    assert (touched.generation, touched.digests) == (before.generation, before.digests)
    genes.write_text(genes.read_text() + "# changed\n")
    changed = look(home, [0, REST_SECONDS]).entries["moss"]
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
    assert not look(home, [0, REST_SECONDS]).entries
