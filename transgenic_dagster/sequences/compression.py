"""Input files that may be compressed, recognised by their first bytes, not their names."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from transgenic_dagster.errors import InputError

BLOCK_SIZE = 1 << 22

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
        InputError: the file is missing, unreadable, empty, or compressed in another way.
    """
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


def read_blocks(path: Path, block_size: int = BLOCK_SIZE) -> Iterator[bytes]:
    """Yield the decompressed content of a plain, gzip or bgzip file in blocks.

    Raises:
        InputError: as ``is_gzip``, or the compressed data are truncated or damaged.
    """
    opener = gzip.open if is_gzip(path) else Path.open
    try:
        with opener(path, "rb") as file:
            while block := file.read(block_size):
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is truncated or damaged: {error}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
