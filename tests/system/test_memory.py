import errno
import resource

import duckdb
import pytest

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.system.memory import check_memory_limit, is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("could not create a primitive"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        RuntimeError("unable to mmap 5 bytes from file <x>: Cannot allocate memory (12)"),
        duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"),
    ],
)
def test_full_memory_is_recognised_under_every_name(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("a shape is wrong")]
)
def test_other_errors_are_not_taken_for_full_memory(error):
    assert not is_out_of_memory(error)


def test_a_limit_that_libraries_abort_under_is_refused_before(monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda _: (100 << 20, resource.RLIM_INFINITY))
    with pytest.raises(ResumableError, match="may take 100 MB"):
        check_memory_limit()


@pytest.mark.parametrize("limit", [resource.RLIM_INFINITY, 1 << 30])
def test_a_limit_that_may_be_enough_is_tried(monkeypatch, limit):
    monkeypatch.setattr("resource.getrlimit", lambda _: (limit, limit))
    check_memory_limit()
