import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from galaxy_tool.model_archive import ArchiveError, unpack
from tests.galaxy.form import TOOL_FOLDER
from transgenic_dagster.checkpoint.files import resolve_checkpoint

TINY = TOOL_FOLDER / "test-data" / "tiny_model"
MODEL = {"config.json": b"{}", "model.safetensors": b"weights"}
KINDS = ("zip", "tar", "tar.gz", "tar.bz2", "tar.xz")


def packed(path, files, links=()):
    """An archive of files by name, with links to ``/etc/passwd``; its name says the kind."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
            for name in links:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = 0o120777 << 16
                archive.writestr(entry, "/etc/passwd")
    else:
        compression = path.suffix.removeprefix(".").removeprefix("tar")
        with tarfile.open(path, f"w:{compression}") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for name in links:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
                archive.addfile(member)
    return path


def written(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inside", ["", "my model/", "a/b/"])
def test_a_model_is_found_at_the_top_or_in_a_folder(tmp_path, kind, inside):
    files = {f"{inside}{name}": content for name, content in MODEL.items()}
    unpack(packed(tmp_path / f"m.{kind}", {**files, "README.md": b"-"}), tmp_path / "model")
    assert written(tmp_path / "model") == MODEL


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way_out", ["../", "/tmp/escaped-", "../../", "a/../../"])
def test_no_path_leads_out_of_the_folder(tmp_path, kind, way_out):
    hostile = {f"{way_out}evil.py": b"print()", f"{way_out}authorized_keys": b"key"}
    archive = packed(tmp_path / f"m.{kind}", {**MODEL, **hostile})
    before = set(tmp_path.rglob("*"))
    unpack(archive, tmp_path / "deep" / "model")
    assert written(tmp_path / "deep") == {f"model/{name}": data for name, data in MODEL.items()}
    assert set(tmp_path.rglob("*")) - before == {
        tmp_path / "deep",
        *(tmp_path / "deep").rglob("*"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_below_a_path_that_leads_out_stays_in_the_folder(tmp_path, kind):
    files = {f"../../{name}": content for name, content in MODEL.items()}
    unpack(packed(tmp_path / f"m.{kind}", files), tmp_path / "model")
    assert written(tmp_path / "model") == MODEL


@pytest.mark.parametrize("kind", KINDS)
def test_links_are_refused(tmp_path, kind):
    archive = packed(tmp_path / f"m.{kind}", {"model.safetensors": b""}, links=["config.json"])
    with pytest.raises(ArchiveError, match=r"config\.json in .* is a link"):
        unpack(archive, tmp_path / "model")


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, kind):
    archive = packed(tmp_path / f"m.{kind}", {**MODEL, "other.bin": bytes(10_000)})
    with pytest.raises(ArchiveError, match="more than 5,000 bytes"):
        unpack(archive, tmp_path / "model", most_bytes=5_000)


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    archive = packed(tmp_path / "m.zip", {**MODEL, "model.safetensors": bytes(100_000)})
    data = bytearray(archive.read_bytes())
    size = (100_000).to_bytes(4, "little")
    while (position := data.find(size)) >= 0:
        data[position : position + 4] = (10).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        unpack(archive, tmp_path / "model", most_bytes=5_000)
    assert sum(map(len, written(tmp_path / "model").values())) < 5_000


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": b"{}"},
        {"model.safetensors": b""},
        {"config.json": b"{}", "pytorch_model.bin": b"code"},
        {},
    ],
)
def test_an_archive_without_a_model_is_refused(tmp_path, files):
    with pytest.raises(ArchiveError, match="holds no model"):
        unpack(packed(tmp_path / "m.zip", files), tmp_path / "model")


@pytest.mark.parametrize("other", ["b/config.json", "a/b/model.safetensors"])
def test_an_archive_with_two_models_is_refused(tmp_path, other):
    files = {f"a/{name}": content for name, content in MODEL.items()}
    with pytest.raises(ArchiveError, match="more than one model"):
        unpack(packed(tmp_path / "m.tar", {**files, other: b""}), tmp_path / "model")


@pytest.mark.parametrize("cut", [20, 200, -15_000])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_archive_is_told_in_one_sentence(tmp_path, kind, cut):
    files = {**MODEL, "model.safetensors": os.urandom(50_000)}
    archive = packed(tmp_path / f"m.{kind}", files)
    archive.write_bytes(archive.read_bytes()[:cut])
    done = subprocess.run(
        [sys.executable, "-I", TOOL_FOLDER / "model_archive.py", archive, tmp_path / "model"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert archive.name in line


def test_the_program_finds_the_checkpoint_that_was_packed(tmp_path):
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in TINY.iterdir():
            file.write(path, f"tiny/{path.name}")
    unpack(archive, tmp_path / "model")
    found = resolve_checkpoint(str(tmp_path / "model"), offline=True)
    assert found.sha256() == resolve_checkpoint(str(TINY), offline=True).sha256()
    assert json.loads(found.config.read_text())
