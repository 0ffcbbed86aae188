"""Digests of files."""

import hashlib
from pathlib import Path


def file_sha256(*paths: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal, or of several files one after another.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()
