import duckdb
import pytest

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.input_genes import scratch


@pytest.mark.parametrize(("granted", "threads"), [("1", 1), ("3", 3), ("2,1", 2), ("64", 4)])
def test_threads_follow_what_the_job_was_granted(monkeypatch, granted, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", granted)
    assert scratch.thread_count() == threads


def test_without_a_grant_threads_follow_the_machine(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("transgenic_dagster.system.processors.processor_limits", list)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 5})
    assert scratch.thread_count() == 2
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(128)))
    assert scratch.thread_count() == 4


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException('IO Error: Could not write file "x": Input/output error'),
        duckdb.FatalException("FATAL Error: fsync failed!"),
        duckdb.TransactionException(
            'TransactionContext Error: Failed to commit: Could not write file "x.wal"'
        ),
    ],
)
def test_failures_of_the_disk_are_named_however_the_database_calls_them(tmp_path, error):
    with (
        pytest.raises(ResumableError, match=rf"The disk of {tmp_path} failed \(.+\); check it"),
        scratch.disk_errors_named(tmp_path),
    ):
        raise error


def test_memory_that_does_not_suffice_is_told_in_one_line(tmp_path):
    statement = "SELECT list(range) FROM range(100_000_000)"
    with (
        pytest.raises(ResumableError, match="too small") as caught,
        scratch.scratch_database(tmp_path) as database,
    ):
        database.execute("SET memory_limit = '20MB'")
        database.execute(statement)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
