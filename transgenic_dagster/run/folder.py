"""The folder of a run in progress: names of its files, and its lock."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import InputError, UsageError


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run's work folder."""

    root: Path

    @property
    def lock_file(self) -> Path:
        """Held while a process works in the folder."""
        return self.root / "lock"

    @property
    def sorted_gff(self) -> Path:
        """The input annotation, sorted, as GFF3."""
        return self.root / "sorted.gff3"

    @property
    def region_db(self) -> Path:
        """The region database."""
        return self.root / "regions.duckdb"

    @property
    def genome_cache(self) -> Path:
        """Index (and, for plain gzip, the text) of the genome."""
        return self.root / "genome"

    @property
    def journal_folder(self) -> Path:
        """One journal per piece."""
        return self.root / "journal"

    def journal(self, piece: str) -> Path:
        """Journal of one piece; piece names are safe as file names."""
        return self.journal_folder / f"{piece}.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder and hold its lock; the lock goes when the process ends in any way.

        Raises:
            InputError: the folder cannot be created or written.
            UsageError: another process works in it.
        """
        try:
            self.root.mkdir(exist_ok=True)
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(
                f"The folder {self.root} cannot be written ({error.strerror}); choose another "
                "--output."
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"Another process is working in {self.root}; wait for it or choose another "
                    "--output."
                ) from error
            yield
        finally:
            os.close(descriptor)

    def empty(self, keep: tuple[Path, ...] = ()) -> None:
        """Remove what is in the folder but its lock and the files to keep."""
        for path in self.root.iterdir():
            if path in (self.lock_file, *keep):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
