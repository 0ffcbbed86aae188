"""The annotation in all its forms: GFF3, GTF, and GFF3 sorted by position with an index."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from transgenic_dagster.gene_models.gtf_writer import GtfWriter
from transgenic_dagster.gene_models.indexed_gff3 import IndexedGff3, index_path
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.atomic_files import atomic_copy_target
from transgenic_dagster.system.output_files import write_output

_SORTED: Final = "sorted.gff3.gz"


class Gff3Files:
    """Passes lines of GFF3 on to all forms that are wanted; a context manager and a sink.

    Args:
        paths: the final files of the run.
        scratch: folder to make for the time that is needed; it may be left from a killed run.
    """

    def __init__(self, paths: ResultPaths, scratch: Path) -> None:
        self._paths, self._scratch = paths, scratch
        self._files = ExitStack()

    def __enter__(self) -> Self:
        paths, files = self._paths, self._files
        self._gff3 = files.enter_context(write_output(paths.gff3))
        self._gtf = self._indexed = None
        if paths.gtf:
            self._gtf = GtfWriter(files.enter_context(write_output(paths.gtf)))
        if paths.sorted_gff3:
            self._scratch.mkdir(exist_ok=True)
            files.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._indexed = IndexedGff3(self._scratch / "rows.gff3")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def write(self, text: str) -> None:
        """Write whole lines."""
        self._gff3.write(text)
        if self._gtf:
            self._gtf.write(text)
        if self._indexed:
            self._indexed.write(text)

    def finish(self) -> None:
        """Complete the forms that need all lines."""
        if self._gtf:
            self._gtf.finish()
        if self._indexed and self._paths.sorted_gff3 and self._paths.sorted_gff3_index:
            made = self._scratch / _SORTED
            self._indexed.finish(made)
            for source, path in (
                (made, self._paths.sorted_gff3),
                (index_path(made), self._paths.sorted_gff3_index),
            ):
                shutil.copyfile(source, self._files.enter_context(atomic_copy_target(path)))
