"""Comparing paths, of files that exist or do not exist yet."""

import os
from pathlib import Path


def same_file(one: Path, other: Path) -> bool:
    """Return whether writing to one path would change, or make, the file of the other.

    Existing files are compared by device and inode, so that hard links, symbolic links and
    linked folders do not hide that they are one. Names that are still free are compared within
    their folder, without regard to case where the folder disregards it. Names in a folder that
    does not exist are compared as texts.
    """
    files = [_status(path) for path in (one, other)]
    if files[0] and files[1]:
        return os.path.samestat(files[0], files[1])
    if files[0] or files[1]:
        return False
    # A symbolic link may lead to a file that does not exist yet.
    one, other = one.resolve(), other.resolve()
    folders = [_status(path.parent) for path in (one, other)]
    if not (folders[0] and folders[1]):
        return one == other
    if not os.path.samestat(folders[0], folders[1]):
        return False
    return one.name == other.name or (
        one.name.casefold() == other.name.casefold() and _disregards_case(one.parent)
    )


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _disregards_case(folder: Path) -> bool:
    """Return whether a folder takes names that differ only in case for one.

    Nothing is written: an existing name, of a file in the folder or of the folder itself, is looked
    up in the other case.
    """
    try:
        with os.scandir(folder) as entries:
            known = next((entry.name for entry in entries if _has_case(entry.name)), None)
    except OSError:
        known = None
    path = folder / known if known else folder
    if not _has_case(path.name):
        return False
    here, there = _status(path), _status(path.with_name(path.name.swapcase()))
    return bool(here and there and os.path.samestat(here, there))


def _has_case(name: str) -> bool:
    return name.swapcase() != name
