"""Errors that mean that memory is full, whatever their class."""

import errno

# Of PyTorch's allocator on the CPU, of the C library, of Python, of DuckDB and of C++.
_TEXTS = (
    *("can't allocate memory", "Cannot allocate memory", "can't start new thread"),
    *("Out of Memory Error", "std::bad_alloc"),
)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the machine's memory, or the process's share, is full."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return any(text in str(error) for text in _TEXTS)
