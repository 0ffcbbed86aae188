import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.atomic_files import _note_no_folder_sync, atomic_write
from transgenic_dagster.system.processes import process_name


def write(path, text="new"):
    with atomic_write(path) as handle:
        handle.write(text)


def test_a_file_appears_complete(tmp_path):
    path = tmp_path / "out.txt"
    with atomic_write(path) as handle:
        handle.write("é\n")
        assert not path.exists()
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="no"), atomic_write(path) as handle:
        handle.write("new")
        raise ValueError("no")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_to_sync_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_two_writers_do_not_share_an_unfinished_file(tmp_path):
    path = tmp_path / "out.txt"
    with atomic_write(path) as one:
        one.write("one")
        write(path, "other")
        assert path.read_text() == "other"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unfinished_file_follows_no_link_and_overwrites_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("secrets.token_hex", lambda count: "known")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    beside = tmp_path / f".out.txt.{process_name()}.known.partial"
    beside.symlink_to(victim)
    with pytest.raises(FileExistsError):
        write(tmp_path / "out.txt")
    assert victim.read_text() == "precious"


def test_what_a_killed_writer_left_is_removed_but_nothing_else(tmp_path):
    path = tmp_path / "out[1].txt"
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from transgenic_dagster.system.atomic_files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    (leftover,) = tmp_path.iterdir()
    assert leftover.name.startswith(".out[1].txt.")
    others = [
        tmp_path / f".out[1].txt.{process_name()}.0a.partial",
        tmp_path / ".out[1].txt.1@another-host.0a.partial",
        tmp_path / ".out[1].txt.mine.partial",
        tmp_path / leftover.name.replace("out[1]", "other"),
    ]
    for other in others:
        other.touch()
    write(path)
    assert set(tmp_path.iterdir()) == {path, *others}


@pytest.mark.parametrize("name", ["a" * 255, "\U0001f33e" * 63, "[x]*?.txt"])
def test_any_name_will_do(name, tmp_path):
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_target_of_a_link_is_replaced_not_the_link(tmp_path):
    (tmp_path / "results").mkdir()
    target, link, dangling = tmp_path / "results/out", tmp_path / "link", tmp_path / "dangling"
    target.write_text("old")
    link.symlink_to("results/out")
    dangling.symlink_to("results/free")
    for path in (link, dangling):
        write(path)
        assert path.is_symlink()
    assert target.read_text() == (tmp_path / "results/free").read_text() == "new"
    assert {path.name for path in target.parent.iterdir()} == {"out", "free"}


def test_permissions_of_a_replaced_file_stay(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    path.chmod(0o640)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.txt")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o640


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join()
    assert received == ["new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_written_to(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
        device.write_text("tried")
    except OSError:
        pytest.skip("device nodes cannot be made or opened here")
    write(device)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert list(tmp_path.iterdir()) == [device]


def test_an_open_descriptor_is_written_to_and_not_emptied(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("before\n")
    with path.open("a") as file:
        inode = path.stat().st_ino
        write(type(path)(f"/dev/fd/{file.fileno()}"), "after\n")
    assert path.read_text() == "before\nafter\n"
    assert path.stat().st_ino == inode


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(UsageError, match="is not a file and cannot be replaced"):
        write(tmp_path)


def fail_on_folders(monkeypatch, number):
    fsync = os.fsync

    def fsync_of_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_of_files)
    _note_no_folder_sync.cache_clear()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF])
def test_a_file_system_without_folder_fsync_is_noted_once(tmp_path, monkeypatch, caplog, number):
    fail_on_folders(monkeypatch, number)
    for name in ("one", "other"):
        write(tmp_path / name)
        assert (tmp_path / name).read_text() == "new"
    assert len([m for m in caplog.messages if "cannot write folders through" in m]) == 1


def test_a_disk_that_fails_is_not_taken_for_that(tmp_path, monkeypatch):
    fail_on_folders(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="error"):
        write(tmp_path / "one")
