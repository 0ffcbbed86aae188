import os

import pytest

from transgenic_dagster.system.paths import same_file


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "sub").mkdir()
    path = tmp_path / "g.fa"
    path.write_text(">a\nACGT\n")
    return path


def test_a_file_is_itself_by_every_way_to_it(genome, tmp_path, monkeypatch):
    (tmp_path / "linked").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "link.fa").symlink_to(genome)
    os.link(genome, tmp_path / "hard.fa")
    monkeypatch.chdir(tmp_path)
    for way in ("g.fa", "sub/../g.fa", "linked/g.fa", "link.fa", "hard.fa", "linked/link.fa"):
        assert same_file(genome, genome.__class__(way)), way
        assert same_file(genome.__class__(way), genome), way


def test_two_files_with_the_same_content_are_two(genome, tmp_path):
    copy = tmp_path / "copy.fa"
    copy.write_bytes(genome.read_bytes())
    assert not same_file(genome, copy)
    assert not same_file(genome, tmp_path / "free.fa")


def test_free_names_are_compared_in_their_folder(genome, tmp_path, monkeypatch):
    (tmp_path / "linked").symlink_to(tmp_path / "sub", target_is_directory=True)
    (tmp_path / "dangling").symlink_to("sub/out.gff3")
    monkeypatch.chdir(tmp_path / "sub")
    out = tmp_path / "sub" / "out.gff3"
    for way in ("out.gff3", "../sub/out.gff3", "../linked/out.gff3", "../dangling"):
        assert same_file(out, out.__class__(way)), way
    assert not same_file(out, tmp_path / "out.gff3")
    assert not same_file(out, out.with_name("other.gff3"))
    assert not same_file(out, out.with_name("OUT.gff3"))


def test_names_in_a_folder_that_does_not_exist_are_compared(tmp_path):
    assert same_file(tmp_path / "no/out", tmp_path / "no/x/../out")
    assert not same_file(tmp_path / "no/out", tmp_path / "no/other")


def test_case_does_not_count_where_the_folder_disregards_it(genome, tmp_path):
    folder = tmp_path / "sub"
    (folder / "genes.gff3").touch()
    assert not same_file(folder / "out.gff3", folder / "Out.GFF3")
    # Two names of one file that differ in case: the sign of a folder that disregards it.
    os.link(folder / "genes.gff3", folder / "GENES.GFF3")
    assert same_file(folder / "out.gff3", folder / "Out.GFF3")
    assert not same_file(folder / "out.gff3", folder / "other.gff3")
    assert not same_file(folder / "out.gff3", tmp_path / "Out.GFF3")


def test_names_without_letters_say_nothing_about_case(tmp_path):
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "2").touch()
    assert not same_file(folder / "out", folder / "OUT")
