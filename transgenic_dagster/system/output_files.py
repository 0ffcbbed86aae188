"""Files that a run writes for its user: the name says whether they are compressed.

A name that ends in ``.gz`` means bgzip, which is also gzip.
"""

import gzip
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from transgenic_dagster.system.atomic_files import atomic_write

COMPRESSED = ".gz"


def is_compressed(path: Path) -> bool:
    """Return whether an output of this name is written as bgzip."""
    return path.name.endswith(COMPRESSED)


def write_output(path: Path) -> AbstractContextManager[TextIO]:
    """Open a text file as ``atomic_write`` does, compressed where its name says so."""
    return atomic_write(path, bgzip=is_compressed(path))


def read_output(path: Path) -> TextIO:
    """Open a file that ``write_output`` wrote."""
    if is_compressed(path):
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", newline="\n"))
    return path.open(encoding="utf-8", newline="\n")


def read_output_bytes(path: Path) -> BinaryIO:
    """Open a file that ``write_output`` wrote, for its bytes before compression."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_compressed(path) else path.open("rb")
