"""Memory that is full, as errors of any class say; limits too low to begin; its management."""

import errno
import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from transgenic_dagster.errors import ResumableError

LEAST_DATA = 384 << 20
"""Bytes that the libraries need before they can say that memory is full; below, they abort."""

# Of PyTorch's allocator on the CPU, the C library, Python, DuckDB, C++ and oneDNN.
_TEXTS = (
    *("can't allocate memory", "Cannot allocate memory", "can't start new thread"),
    *("Out of Memory Error", "std::bad_alloc", "could not create a primitive"),
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the machine's memory, or the process's share, is full."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return any(text in str(error) for text in _TEXTS)


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Do not look for cycles among objects meanwhile.

    Where millions of small tuples stay until the end, looking takes a fourth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def check_memory_limit() -> None:
    """Look at the limit of this process (RLIMIT_DATA) before libraries are loaded.

    Raises:
        ResumableError: it is too low for them.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY and limit < LEAST_DATA:
        raise ResumableError(
            f"A process may take {limit >> 20} MB of memory here (ulimit -d), but PyTorch alone "
            f"needs {LEAST_DATA >> 20} MB; raise the limit."
        )
