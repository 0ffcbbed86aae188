"""Paths of the final files of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from transgenic_dagster.gene_models.indexed_gff3 import index_path
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.run.judging_options import ScoreOptions
from transgenic_dagster.system.digest import file_sha256

STDOUT_DEVICE: Final = Path("/dev/stdout")


@dataclass(frozen=True)
class FinalFiles:
    """Files that a run writes at its end; those that are None are not wanted."""

    rejects: Path

    def all(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        return tuple(self._wanted().values())

    def digests(self) -> dict[str, str]:
        """SHA-256 of the files by purpose; devices and pipes have none."""
        return {name: file_sha256(path) for name, path in self._wanted().items() if path.is_file()}

    def damaged(self, digests: Mapping[str, str]) -> Path | None:
        """A file that is missing, or is not the one that had such a digest."""
        for name, path in self._wanted().items():
            if path == STDOUT_DEVICE:
                return path  # nobody can tell what became of it
            stream = path.exists() and not path.is_file()
            if not stream and (not path.exists() or digests.get(name) != file_sha256(path)):
                return path
        return None

    def _wanted(self) -> dict[str, Path]:
        paths = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: path for name, path in paths.items() if path is not None}


@dataclass(frozen=True)
class ResultPaths(FinalFiles):
    """Files of an annotation."""

    gff3: Path
    gsf: Path | None = None
    proteins: Path | None = None
    cds: Path | None = None
    cdna: Path | None = None
    refinements: Path | None = None
    gtf: Path | None = None
    sorted_gff3: Path | None = None
    sorted_gff3_index: Path | None = None

    @classmethod
    def of(cls, options: AnnotateOptions) -> "ResultPaths":
        """The files that the options name."""
        indexed = options.sorted_gff3 if options.index else None
        return cls(
            gff3=STDOUT_DEVICE if options.to_standard_output else options.output,
            rejects=options.reject_path,
            gsf=options.gsf_output,
            proteins=options.proteins,
            cds=options.cds,
            cdna=options.cdna,
            refinements=options.refinements,
            gtf=options.gtf,
            sorted_gff3=indexed,
            sorted_gff3_index=index_path(indexed) if indexed else None,
        )


@dataclass(frozen=True)
class ScorePaths(FinalFiles):
    """Files of scoring."""

    scores: Path
    gff3: Path | None = None

    @classmethod
    def of(cls, options: ScoreOptions) -> "ScorePaths":
        """The files that the options name."""
        return cls(rejects=options.reject_path, scores=options.output, gff3=options.gff3)


def final_files(options: AnnotateOptions) -> FinalFiles:
    """The files that a run with these options writes."""
    return ScorePaths.of(options) if isinstance(options, ScoreOptions) else ResultPaths.of(options)
