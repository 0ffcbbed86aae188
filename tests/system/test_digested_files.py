import os
import time

import pytest

from transgenic_dagster.errors import InputError
from transgenic_dagster.system import digested_files
from transgenic_dagster.system.digested_files import DigestedFiles


@pytest.fixture
def digested(tmp_path, monkeypatch):
    """Return two files as they were digested a day after they were written."""
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_text(f"content of {path.name}")
    monkeypatch.setattr(time, "time_ns", lambda: 10**20)
    return DigestedFiles.read(*paths)


def set_back(path, status):
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_files_that_stay_are_not_read_again(digested, monkeypatch):
    monkeypatch.setattr(digested_files, "file_sha256", None)
    with digested.unchanged():
        pass


@pytest.mark.parametrize("change", ["append", "replace", "remove", "touch"])
def test_a_change_is_an_error_and_explains_errors_that_follow(digested, change):
    path = digested.paths[1]
    with pytest.raises(InputError, match="b changed while it was read"), digested.unchanged():
        if change == "append":
            path.write_text("more")
        elif change == "replace":
            path.with_name("c").write_text(path.read_text())
            path.with_name("c").replace(path)
        elif change == "touch":
            os.utime(path, ns=(1, 1))
        else:
            path.unlink()
        raise KeyError("what follows from it")


def test_another_error_is_left_alone(digested):
    with pytest.raises(KeyError), digested.unchanged():
        raise KeyError("what")


def test_a_change_whose_time_was_set_back_is_found(digested):
    path = digested.paths[0]
    before = path.stat()
    path.write_text("CONTENT of a")
    set_back(path, before)
    with pytest.raises(InputError, match="changed while it was read"):
        digested.refuse_change()


def test_new_permissions_or_links_are_no_change(digested):
    path = digested.paths[0]
    path.chmod(0o600)
    path.with_name("link").hardlink_to(path)
    digested.refuse_change()


def test_a_change_within_the_clock_s_grain_is_found(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("content")
    files = DigestedFiles.read(path)
    path.write_text("CONTENT")
    monkeypatch.setattr(digested_files._State, "of", lambda _: files.states[0])
    with pytest.raises(InputError, match="changed while it was read"):
        files.refuse_change()
