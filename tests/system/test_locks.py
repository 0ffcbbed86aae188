import errno
import fcntl
import logging
import os
import subprocess
import sys
import threading

import pytest

from transgenic_dagster.errors import RunError, UsageError
from transgenic_dagster.system import claims, locks
from transgenic_dagster.system.locks import file_lock
from transgenic_dagster.system.passing_files import remove_passing_files
from transgenic_dagster.system.processes import process_name


@pytest.fixture(params=["flock", "claims"])
def lock(request, tmp_path, monkeypatch):
    """Return the path of a lock, on a file system with flock and on one without."""
    if request.param == "claims":
        without_flock(monkeypatch, errno.ENOSYS)
    return tmp_path / "made" / "lock"


def without_flock(monkeypatch, number):
    def flock(descriptor, kind):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(claims, "_SECONDS_BETWEEN_TRIES", 0.001)
    locks._note_claims.cache_clear()


def test_a_second_holder_is_refused_until_the_first_ends(lock):
    for _ in range(2):
        with (
            file_lock(lock, busy="It is taken."),
            pytest.raises(RunError, match=r"^It is taken\."),
            file_lock(lock, busy="It is taken."),
        ):
            pass
    assert list(lock.parent.iterdir()) == [lock]


def test_an_error_inside_frees_the_lock(lock):
    with pytest.raises(ValueError, match="inside"), file_lock(lock, busy="Taken."):
        raise ValueError("inside")
    with file_lock(lock, busy="Taken."):
        pass


def test_the_class_of_the_error_can_be_chosen(lock):
    with (
        file_lock(lock, busy="Taken."),
        pytest.raises(UsageError, match="Taken"),
        file_lock(lock, busy="Taken.", error=UsageError),
    ):
        pass


def test_shared_holders_go_together_but_not_with_an_exclusive_one(lock):
    with (
        file_lock(lock, busy="Taken.", shared=True),
        file_lock(lock, busy="Taken.", shared=True),
        pytest.raises(RunError),
        file_lock(lock, busy="Taken."),
    ):
        pass
    with (
        file_lock(lock, busy="Taken."),
        pytest.raises(RunError),
        file_lock(lock, busy="Taken.", shared=True),
    ):
        pass


def test_waiting_is_said_once_and_ends_with_the_holder(lock, caplog):
    caplog.set_level(logging.INFO)
    said = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record):
            if "Waiting" in record.getMessage():
                said.set()

    order = []

    def wait():
        with file_lock(lock, busy="Taken.", wait=True):
            order.append("second")

    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        with file_lock(lock, busy="Taken."):
            waiting = threading.Thread(target=wait)
            waiting.start()
            said.wait()
            order.append("first")
        waiting.join()
    finally:
        logging.getLogger().removeHandler(listener)
    assert order == ["first", "second"]
    assert caplog.messages.count("Taken. Waiting.") == 1


def test_several_waiters_each_get_it_alone(lock):
    inside, most = [], []

    def hold():
        with file_lock(lock, busy="Taken.", wait=True):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 4


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_flock_is_noted_once(number, tmp_path, monkeypatch, caplog):
    without_flock(monkeypatch, number)
    for _ in range(3):
        with file_lock(tmp_path / "lock", busy="Taken."):
            claimed = [path.name for path in tmp_path.iterdir() if path.name != "lock"]
            assert claimed[0].startswith(f"lock.{process_name()}.")
    assert len([m for m in caplog.messages if "has no file locks" in m]) == 1


def test_another_failure_of_flock_is_not_taken_for_that(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="error"), file_lock(tmp_path / "lock", busy="Taken."):
        pass


def test_the_claim_of_a_killed_process_does_not_count(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.ENOSYS)
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "from transgenic_dagster.system.processes import process_name; print(process_name())",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (tmp_path / f"lock.{ended}.0a.exclusive").touch()
    with file_lock(tmp_path / "lock", busy="Taken."):
        assert len(list(tmp_path.glob("lock.*"))) == 1


def test_the_claim_of_another_host_counts_and_is_named(tmp_path, monkeypatch):
    without_flock(monkeypatch, errno.ENOSYS)
    other = tmp_path / "lock.12@node7.example.org.0a.shared"
    other.touch()
    (tmp_path / "lock.unrelated").touch()
    with file_lock(tmp_path / "lock", busy="Taken.", shared=True):
        pass
    with pytest.raises(RunError) as caught, file_lock(tmp_path / "lock", busy="Taken."):
        pass
    assert str(caught.value) == (f"Taken. ({other} says so: delete it if its process has ended.)")
    assert other.exists()


def test_a_lock_file_that_is_to_go_leaves_nothing(lock):
    with file_lock(lock, busy="Taken.", remove=True):
        assert lock.exists()
        with (
            pytest.raises(RunError, match="Taken"),
            file_lock(lock, busy="Taken.", remove=True),
        ):
            pass
        assert lock.exists()
    assert not list(lock.parent.iterdir())


def test_who_waited_for_a_lock_file_that_goes_holds_the_next_one(tmp_path, monkeypatch):
    """Between opening and locking the file, its holder removes it."""
    lock = tmp_path / "lock"
    flock, opened = fcntl.flock, []

    def flock_late(descriptor, kind):
        if not opened:
            lock.unlink()
        opened.append(descriptor)
        flock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    with file_lock(lock, busy="Taken.", remove=True):
        assert len(opened) == 2
        monkeypatch.undo()
        with pytest.raises(RunError), file_lock(lock, busy="Taken.", remove=True):
            pass


def test_a_process_that_ends_at_once_can_remove_its_locks(lock):
    with file_lock(lock, busy="Taken.", remove=True):
        remove_passing_files()
        assert not list(lock.parent.iterdir())
