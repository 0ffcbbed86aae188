import errno

import duckdb
import pytest

from transgenic_dagster.system.memory import is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
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
