"""Inputs that cannot be read twice are refused before they are opened."""

import os
from pathlib import Path

import pytest

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.annotation_text import read_annotation
from transgenic_dagster.run.fingerprint import digest_input
from transgenic_dagster.sequences.fasta import open_genome
from transgenic_dagster.system.input_files import input_status

KINDS = {
    "pipe": "is not a regular file.*save it as a file",
    "device": "is not a regular file.*save it as a file",
    "link to a device": "is not a regular file.*save it as a file",
    "folder": "is a folder; give the name of a file",
    "missing": "does not exist; check its name",
    "standard input": "cannot come from standard input: save it as a file",
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def path(kind, tmp_path):
    match kind:
        case "pipe":
            os.mkfifo(tmp_path / "fifo")
            return tmp_path / "fifo"
        case "device":
            return Path("/dev/zero")
        case "link to a device":
            (tmp_path / "link.fa").symlink_to("/dev/zero")
            return tmp_path / "link.fa"
        case "folder":
            return tmp_path
        case "missing":
            return tmp_path / "no.fa"
    return Path("-")


@pytest.mark.parametrize(
    "read",
    [
        input_status,
        read_annotation,
        lambda path: digest_input(path, "genome"),
        lambda path: open_genome(path, path.parent),
    ],
    ids=["status", "annotation", "digest", "genome"],
)
def test_every_reader_refuses_what_cannot_be_read_twice(read, kind, path):
    with pytest.raises(InputError, match=KINDS[kind]) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_file_named_by_a_dash_or_a_link_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-").write_text("content")
    Path("link").symlink_to("-")
    assert input_status(Path("-")).st_size == 7
    assert input_status(Path("link")).st_size == 7
