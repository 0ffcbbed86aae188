"""Unpacks a model from the history: ``python3 model_archive.py ARCHIVE FOLDER``.

ARCHIVE is a zip or tar file, plain or compressed, that holds a checkpoint: ``config.json`` and
weights as safetensors, at its top or in one folder. Those files alone are written, each under its
own name into FOLDER, so that nothing in an archive leads out of it. Whether they are a model is for
the program to say. It needs nothing but Python 3.10, as ``outcome.py``.
"""

import lzma
import re
import shutil
import stat
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

MOST_BYTES = 32 * 2**30
"""What an archive may unpack to: many times the published models."""

USAGE_ERROR = 2
"""Exit code of the program where an input is at fault."""

CONFIG = "config.json"
_WANTED = re.compile(r"config\.json|model\.safetensors\.index\.json|[^/]+\.safetensors")
_UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a kind of compression that this Python lacks
    RuntimeError,  # a zip file with a password
)


class ArchiveError(Exception):
    """What is wrong with an archive, as one sentence."""


def unpack(archive: Path, folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Write the checkpoint's files of an archive into a new folder.

    Raises:
        ArchiveError: it is not an archive, holds no model or two, or unpacks to too much.
    """
    folder.mkdir(parents=True)
    source = None
    room = most_bytes
    try:
        for path, size, content in _members(archive):
            room -= size
            if room < 0:
                raise ArchiveError(f"{archive} unpacks to more than {most_bytes:,} bytes.")
            if not _WANTED.fullmatch(path.name):
                continue
            if content is None:
                raise ArchiveError(f"{path} in {archive} is a link; pack the file itself.")
            source = source or path.parent
            if path.parent != source or (folder / path.name).exists():
                raise ArchiveError(f"{archive} holds more than one model; pack only one.")
            with content, (folder / path.name).open("wb") as target:
                shutil.copyfileobj(content, target)
    except _UNREADABLE as error:
        raise ArchiveError(
            f"{archive} cannot be unpacked ({error}); pack the model again."
        ) from error
    if not (folder / CONFIG).is_file() or not any(folder.glob("*.safetensors")):
        raise ArchiveError(
            f"{archive} holds no model: pack a {CONFIG} together with its weights "
            "(model.safetensors or its parts)."
        )


def _members(archive: Path) -> Iterator[tuple[PurePosixPath, int, IO[bytes] | None]]:
    """Path, size (bytes) and content of each member; links and devices have no content.

    A member never gives more than the size that is told of it: both readers hold it to that.
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for entry in file.infolist():
                if not entry.is_dir():
                    kind = stat.S_IFMT(entry.external_attr >> 16)
                    content = file.open(entry) if kind in {0, stat.S_IFREG} else None
                    yield PurePosixPath(entry.filename), entry.file_size, content
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as file:
            for member in file:
                if not member.isdir():
                    content = file.extractfile(member) if member.isreg() else None
                    yield PurePosixPath(member.name), member.size, content
    else:
        raise ArchiveError(f"{archive} is neither a zip nor a tar file; pack the model as one.")


if __name__ == "__main__":
    try:
        unpack(*map(Path, sys.argv[1:]))
    except ArchiveError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(USAGE_ERROR)
