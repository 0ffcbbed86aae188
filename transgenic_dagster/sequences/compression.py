"""Input files that may be compressed, recognised by their first bytes, not their names."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.system.input_files import input_status

BLOCK_SIZE = 1 << 22

MAX_EXPANSION = 100
"""How many times its size a compressed input may have once it is expanded."""

_GZIP_MAGIC = b"\x1f\x8b"
_UNREADABLE = {
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}


def is_gzip(path: Path) -> bool:
    """Return whether the file is gzip or bgzip (which is gzip in many members).

    Raises:
        InputError: the file is missing, not a regular file, unreadable, empty, or compressed in
            another way.
    """
    input_status(path)
    try:
        with path.open("rb") as file:
            magic = file.read(8)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    if not magic:
        raise InputError(f"{path} is empty.")
    for prefix, what in _UNREADABLE.items():
        if magic.startswith(prefix):
            raise InputError(f"{path} is {what}: decompress it, or compress it with gzip instead.")
    return magic.startswith(_GZIP_MAGIC)


def read_blocks(
    path: Path, block_size: int = BLOCK_SIZE, *, unchecked_size: int = 1 << 30
) -> Iterator[bytes]:
    """Yield the decompressed content of a plain, gzip or bgzip file in blocks.

    Args:
        path: the file.
        block_size: most bytes in a block.
        unchecked_size: bytes to which any file may expand; beyond, ``MAX_EXPANSION`` holds.

    Raises:
        InputError: as ``is_gzip``, the compressed data are truncated or damaged, or they expand to
            far more than any genome or annotation does.
    """
    opener = gzip.open if is_gzip(path) else Path.open
    most = max(unchecked_size, MAX_EXPANSION * path.stat().st_size)
    size = 0
    try:
        with opener(path, "rb") as file:
            while block := file.read(block_size):
                size += len(block)
                if size > most:
                    raise InputError(
                        f"{path} expands to more than {MAX_EXPANSION} times its size, which neither"
                        " genomes nor annotations do; check where it comes from, or decompress it"
                        " yourself."
                    )
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is truncated or damaged: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
