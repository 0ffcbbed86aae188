"""The folder of a run: names of its files, who made it, and its locks."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.run.made_file import MadeFile
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.locks import file_lock

FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run's folder.

    Args:
        root: the folder.
        prefix: of the names of what belongs to one task alone: journals, times, the lock of the
            results. Tasks of one folder share all that is made before.
    """

    root: Path
    prefix: str = ""

    @property
    def scoring(self) -> "RunFolder":
        """The same folder for scoring the input's genes beside their prediction."""
        return replace(self, prefix="score-")

    @property
    def marker(self) -> Path:
        """Says that the folder is a run's, which interface made it, and from which options."""
        return self.root / "run.json"

    @property
    def lock_file(self) -> Path:
        """Held by the command line for a whole run."""
        return self.root / "lock"

    @property
    def sorted_gff(self) -> Path:
        """The input annotation, sorted, as GFF3."""
        return self.root / "sorted.gff3"

    @property
    def sorted_annotation(self) -> MadeFile:
        """The same with its origin and its record."""
        paths = (self.sorted_gff, self.root / "sorted.gff3.origin.json")
        return MadeFile(paths, self.root / "sorted.json")

    @property
    def region_db(self) -> Path:
        """The region database."""
        return self.root / "regions.duckdb"

    @property
    def regions(self) -> MadeFile:
        """The same with its record."""
        return MadeFile((self.region_db,), self.root / "regions.json")

    @property
    def lifting(self) -> Path:
        """What is found of the genes of another assembly, part by part, while they are lifted."""
        return self.root / "lifting"

    @property
    def not_lifted(self) -> Path:
        """Genes of another assembly that were not lifted, with the reason."""
        return self.root / "not_lifted.json"

    @property
    def lifted_record(self) -> Path:
        """What the lifted genes, which are beside the output, were made from."""
        return self.root / "lifted.json"

    @property
    def draft_gff3(self) -> Path:
        """The GFF3 while it lacks the rows of the input that are kept."""
        return self.root / "draft.gff3"

    @property
    def sorting(self) -> Path:
        """Folder of the GFF3 while it is sorted by position."""
        return self.root / "sorting"

    @property
    def genome_cache(self) -> Path:
        """Index (and, for plain gzip, the text) of the genome."""
        return self.root / "genome"

    @property
    def journal_folder(self) -> Path:
        """One journal per piece."""
        return self.root / f"{self.prefix}journal"

    @property
    def times(self) -> Path:
        """One line for each time that a stage ran: how long, and on which machine."""
        return self.root / f"{self.prefix}times.jsonl"

    def journal(self, piece: str) -> Path:
        """Journal of one piece; piece names are safe as file names."""
        return self.journal_folder / f"{piece}.jsonl"

    def piece_state(self, piece: str) -> Path:
        """State of one piece, beside its journal."""
        return self.journal_folder / f"{piece}.json"

    def begun_pieces(self) -> list[str]:
        """Names of the pieces that have a state, or a journal that is not empty."""
        states = (path for path in self.journal_folder.glob("*.json"))
        journals = (p for p in self.journal_folder.glob("*.jsonl") if p.stat().st_size)
        return sorted({path.stem for path in (*states, *journals)})

    def mark(self, made_by: str, values: dict[str, Any]) -> None:
        """Make the folder a run's; one that another program made stays that program's.

        Args:
            made_by: the program that makes it.
            values: what is worth knowing of the run, such as its input files.

        Raises:
            InputError: the folder cannot be created or written.
            UsageError: there is something in it, and it is not a run's.
        """
        marked = self.marked()
        if marked and marked.get("made_by") != made_by:
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            names = [path.name for path in self.root.iterdir()]
            strangers = [n for n in names if n not in _LOCKS and not _is_unfinished(n)]
            if strangers and not marked:
                raise UsageError(
                    f"{self.root} is not the folder of a run (it holds {sorted(strangers)[0]}, but "
                    f"no {self.marker.name}); move it away, or choose another output."
                )
            with atomic_write(self.marker) as handle:
                json.dump({"format": FORMAT, "made_by": made_by, **values}, handle, indent=1)
                handle.write("\n")
        except OSError as error:
            raise InputError(
                f"The folder {self.root} cannot be written ({error.strerror}); choose another "
                "output."
            ) from error

    def made_by(self, program: str) -> bool:
        """Return whether a program made the folder."""
        return (self.marked() or {}).get("made_by") == program

    def marked(self) -> dict[str, Any] | None:
        """Content that ``mark`` wrote, None where the folder is not a run's."""
        try:
            values = json.loads(self.marker.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return values if isinstance(values, dict) and values.get("format") == FORMAT else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for a whole run; the lock goes when the process ends in any way.

        Raises:
            UsageError: another process works in it.
        """
        with file_lock(
            self.lock_file,
            busy=f"Another process is working in {self.root}; wait for it or choose another "
            "output.",
            error=UsageError,
        ):
            yield

    def reading_regions(self) -> AbstractContextManager[None]:
        """Share the region database with others who read it."""
        return file_lock(
            self.root / "in_use.lock",
            shared=True,
            busy=f"The regions in {self.root} are being replaced; try again when that is done.",
        )

    def replacing_regions(self) -> AbstractContextManager[None]:
        """Wait for those who read the region database, and keep others out."""
        return file_lock(
            self.root / "in_use.lock",
            busy=f"The regions in {self.root} are in use by running predictions.",
            wait=True,
        )

    def predicting(self, piece: str) -> AbstractContextManager[None]:
        """Keep others from predicting the same piece."""
        return file_lock(
            self.journal_folder / f"{piece}.lock",
            busy=f"Another process is predicting {piece} in {self.root}; wait for it to end.",
        )

    def writing_results(self) -> AbstractContextManager[None]:
        """Keep others from writing results of this run."""
        return file_lock(
            self.root / f"{self.prefix}results.lock",
            busy=f"Another process is writing the results in {self.root}; wait for it to end.",
        )

    def copy_to(self, other: "RunFolder") -> None:
        """Copy all stages' files to a new folder; large files that never change are shared."""
        other.journal_folder.mkdir(parents=True)
        stages = [path for name in _UNCHANGING if (path := self.root / name).exists()]
        for path in (*self.journal_folder.glob("*.json*"), *stages):
            target = other.root / path.relative_to(self.root)
            if path.parent == self.journal_folder:  # it grows
                shutil.copyfile(path, target)
                continue
            try:
                os.link(path, target)
            except OSError:  # another file system
                shutil.copyfile(path, target)

    def empty(self, keep: tuple[Path, ...] = ()) -> None:
        """Remove what runs put into the folder, but the files to keep.

        Its marker and its lock stay, and what is known of lifted genes, which takes long to find.
        """
        for path in self.root.iterdir():
            if not (path.name in _OWN or _is_unfinished(path.name)) or path in keep:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def remove(self) -> None:
        """Remove what runs put into the folder, and the folder where nothing else is in it."""
        self.empty()
        for path in (self.lifted_record, self.not_lifted, self.marker, self.lock_file):
            path.unlink(missing_ok=True)
        if not self.root.is_symlink() and not any(self.root.iterdir()):
            self.root.rmdir()


_LOCKS = {"lock", "in_use.lock", "results.lock"}
_UNCHANGING = (
    *("sorted.gff3", "sorted.gff3.origin.json", "sorted.json"),
    *("regions.duckdb", "regions.json"),
)
_OWN = {
    *("in_use.lock", "results.lock", *_UNCHANGING),
    *("draft.gff3", "sorting", "genome", "journal", "times.jsonl"),
}
_UNFINISHED = (
    *(f".{name}.*partial*" for name in (*_OWN, "lifted.json", "not_lifted.json", "run.json")),
    *(".regions.duckdb.partial*", ".duckdb-*", ".agat-*"),
)


def _is_unfinished(name: str) -> bool:
    """Return whether a name is that of a file or folder which a killed process left behind."""
    return any(fnmatchcase(name, pattern) for pattern in _UNFINISHED)
