"""Files that are either complete or absent: write beside, fsync, rename."""

import errno
import glob
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Literal, TextIO

from transgenic_dagster.errors import UsageError
from transgenic_dagster.system.bgzip import open_bgzip
from transgenic_dagster.system.passing_files import passing_file
from transgenic_dagster.system.processes import has_ended, process_name

_LETTERS_OF_NAME = 40  # of up to four bytes each, where a name may have 255 bytes
_SUFFIX = ".partial"
# EACCES: a folder that may be written but not listed.
_NO_FOLDER_SYNC = {
    *(errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES)
}

logger = logging.getLogger(__name__)


@contextmanager
def atomic_write(path: Path, *, bgzip: bool = False) -> Iterator[TextIO]:
    """Open a text file that appears under its name only when the block ends without an error.

    Only a regular file or a free name is replaced. The target of a symbolic link is replaced, not
    the link; a file that is replaced leaves its permissions to the new one. Character devices,
    pipes and open descriptors (``/dev/stdout``) are written to as they are.

    Args:
        path: final name; its folder must exist.
        bgzip: compress what is written.

    Yields:
        A UTF-8 handle with Unix line ends.

    Raises:
        UsageError: the path is a folder, a socket or a disk.
        OSError: the file cannot be written.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and (_is_stream(mode) or _is_descriptor(path)):
        with _open_text(path, "a", bgzip=bgzip) as handle:
            yield handle
    elif mode is not None and not stat.S_ISREG(mode):
        raise UsageError(f"{path} is not a file and cannot be replaced: choose another name.")
    else:
        with (
            _replace(path.resolve(), mode) as beside,
            _open_text(beside, "w", bgzip=bgzip) as handle,
        ):
            yield handle


@contextmanager
def atomic_copy_target(path: Path) -> Iterator[Path]:
    """Yield the name of an empty file that takes the place of ``path`` when the block ends well.

    Args:
        path: final name, that of a regular file or free; its folder must exist.
    """
    mode = path.stat().st_mode if path.exists() else None
    with _replace(path.resolve(), mode) as beside:
        yield beside


def _open_text(path: Path, mode: Literal["a", "w"], *, bgzip: bool) -> TextIO:
    if bgzip:
        return open_bgzip(path)
    return path.open(mode, encoding="utf-8", newline="\n")


@contextmanager
def _replace(path: Path, mode: int | None) -> Iterator[Path]:
    """Yield an empty file beside ``path``, which is renamed then.

    ``mode`` is that of the file to replace, if there is one. Unfinished files of killed processes
    are removed.
    """
    prefix = f".{path.name[:_LETTERS_OF_NAME]}."
    for leftover in path.parent.glob(f"{glob.escape(prefix)}*{_SUFFIX}"):
        owner, _, _ = leftover.name.removeprefix(prefix).removesuffix(_SUFFIX).rpartition(".")
        if has_ended(owner):
            with suppress(OSError):
                leftover.unlink()
    beside = path.with_name(f"{prefix}{process_name()}.{secrets.token_hex(4)}{_SUFFIX}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with passing_file(beside):
        descriptor = os.open(beside, flags, 0o666)
        try:
            if mode is not None:
                with suppress(OSError):  # file systems without permissions
                    os.fchmod(descriptor, stat.S_IMODE(mode))
            yield beside
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
        _note_no_folder_sync()


@cache
def _note_no_folder_sync() -> None:
    """Note, once in a process, that folders cannot be made durable."""
    logger.warning(
        "The file system cannot write folders through to the disk (fsync): after a power cut, the"
        " newest files may be missing."
    )


def _is_stream(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _is_descriptor(path: Path) -> bool:
    """Return whether a path leads to an open descriptor of this process, as ``/dev/stdout`` does.

    The name of such a file is not ours to replace: the shell may be appending to it.
    """
    descriptors = Path("/proc/self/fd").resolve()
    while path.is_symlink():
        if path.parent.resolve() == descriptors:
            return True
        path = path.parent / path.readlink()
    return False
