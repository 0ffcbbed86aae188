"""Workspace of a lab, called its home: names of its folders and files.

assemblies/<name>/   genome.fa[.gz], genes.gff3|gtf|bed[.gz], options.yaml (if it needs its own);
                     no genes where they are lifted from another assembly
runs/<name>/         intermediate and final files
options.yaml         options of all assemblies

Dagster keeps its own things (``dagster.yaml``, ``storage/``, ``history/``, …) in the same folder
where ``DAGSTER_HOME`` names it, as ``transgenic-dagster init`` sets it up.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import InputError, UsageError
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.result_paths import ResultPaths, ScorePaths

HOME_VARIABLE = "TRANSGENIC_HOME"
DEFAULT_HOME = "transgenic_home"
OPTIONS_FILE = "options.yaml"
ASSEMBLIES = "assemblies"
MADE_BY = "transgenic-dagster"
"""Maker of the run folders of a home (see ``RunFolder.mark``)."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COMPRESSED = ("", ".gz", ".bgz")
GENOME_NAMES = tuple(f"genome.{k}{c}" for k in ("fa", "fasta", "fna") for c in _COMPRESSED)
GENES_NAMES = tuple(f"genes.{k}{c}" for k in ("gff3", "gff", "gtf", "bed") for c in _COMPRESSED)
_INPUT_NAMES = frozenset({*GENOME_NAMES, *GENES_NAMES, OPTIONS_FILE})


def check_name(name: str) -> str:
    """Return a name that an assembly may have, as it is.

    Raises:
        UsageError: it is not made of letters, digits and ``._-``, or is too long.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of an assembly: use up to 100 letters, digits, '.', '_' "
            "and '-', beginning with a letter or digit."
        )
    return name


@dataclass(frozen=True)
class AssemblyFolder:
    """Inputs of an assembly.

    Args:
        path: the folder that holds them; its name is the assembly's.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the assembly."""
        return self.path.name

    @property
    def options_file(self) -> Path:
        """Options of this assembly alone; the file may be missing."""
        return self.path / OPTIONS_FILE

    @property
    def genome(self) -> Path:
        """FASTA file.

        Raises:
            InputError: there is none, or more than one.
        """
        return self._only(GENOME_NAMES)

    @property
    def genes(self) -> Path:
        """Annotation: GFF3, GTF or BED.

        Raises:
            InputError: there is none, or more than one.
        """
        return self._only(GENES_NAMES)

    @property
    def has_genes(self) -> bool:
        """Whether it has an annotation."""
        return any((self.path / name).exists() for name in GENES_NAMES)

    def states(self) -> dict[str, os.stat_result]:
        """States of the existing inputs (genome, annotation and options), by name, sorted.

        Raises:
            OSError: the folder cannot be read, or a link leads nowhere.
        """
        with os.scandir(self.path) as entries:
            return {e.name: e.stat() for e in sorted(entries, key=lambda e: e.name) if _is_input(e)}

    def _only(self, names: tuple[str, ...]) -> Path:
        found = [path for name in names if (path := self.path / name).exists()]
        if len(found) > 1:
            both = " and ".join(path.name for path in found[:2])
            raise InputError(f"{self.path} has {both}; remove one of them.")
        if not found:
            raise InputError(f"{self.path} has no {names[0]} (or {', '.join(names[1:4])}, …).")
        return found[0]


def _is_input(entry: "os.DirEntry[str]") -> bool:
    return entry.name in _INPUT_NAMES


@dataclass(frozen=True)
class Home:
    """Paths inside a home.

    Args:
        root: its folder; an absolute path.
    """

    root: Path

    @property
    def assemblies(self) -> Path:
        """Folder with one folder per assembly."""
        return self.root / ASSEMBLIES

    @property
    def options_file(self) -> Path:
        """Options of all assemblies; the file may be missing."""
        return self.root / OPTIONS_FILE

    def assembly(self, name: str) -> AssemblyFolder:
        """Inputs of an assembly."""
        return AssemblyFolder(self.assemblies / check_name(name))

    def assembly_folders(self) -> list[AssemblyFolder]:
        """All folders in ``assemblies/`` but hidden ones, sorted by name."""
        if not self.assemblies.is_dir():
            return []
        folders = [path for path in self.assemblies.iterdir() if path.is_dir()]
        return [AssemblyFolder(p) for p in sorted(folders) if not p.name.startswith(".")]

    def run(self, name: str) -> RunFolder:
        """Folder of an assembly's run."""
        return RunFolder(self.root / "runs" / check_name(name))

    def results(self, name: str) -> ResultPaths:
        """Final files of an assembly."""
        folder = self.run(name).root
        return ResultPaths(
            gff3=folder / "annotation.gff3",
            rejects=folder / "annotation.gff3.rejects.txt",
            gsf=self.sentences(name),
            proteins=folder / "proteins.fa",
            refinements=folder / "refinements.tsv",
        )

    def sentences(self, name: str) -> Path:
        """Table of what the model wrote for an assembly."""
        return self.run(name).root / "sentences.tsv"

    def report(self, name: str) -> Path:
        """Report on the predictions of an assembly."""
        return self.run(name).root / "annotation.gff3.report.html"

    def scores(self, name: str) -> ScorePaths:
        """Files with the scores of an assembly's own genes."""
        folder = self.run(name).root
        return ScorePaths(
            scores=folder / "scores.tsv",
            gff3=folder / "scores.gff3",
            rejects=folder / "scores.tsv.rejects.txt",
        )


def find_home(given: Path | None = None) -> Home:
    """Find the home: ``given``, else ``TRANSGENIC_HOME``, else this folder, else one inside it.

    This folder is a home where it has a folder ``assemblies``.
    """
    if given is not None:
        return Home(given.absolute())
    if named := os.environ.get(HOME_VARIABLE):
        return Home(Path(named).absolute())
    here = Path.cwd()
    return Home(here if (here / ASSEMBLIES).is_dir() else here / DEFAULT_HOME)
