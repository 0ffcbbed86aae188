"""The annotation in all its forms: GFF3, GTF, and GFF3 sorted by position with an index."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from transgenic_dagster.gene_models.gtf_writer import GtfWriter
from transgenic_dagster.gene_models.indexed_gff3 import IndexedGff3, index_path
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.atomic_files import atomic_copy_target
from transgenic_dagster.system.output_files import write_output

_SORTED: Final = "sorted.gff3.gz"


class Gff3Files:
    """Passes lines of GFF3 on to all forms that are wanted; a sink.

    Args:
        paths: the final files of the run.
        scratch: folder to make for the time that is needed; it may be left from a killed run.
        files: closes the files, and removes the folder.
    """

    def __init__(self, paths: ResultPaths, scratch: Path, files: ExitStack) -> None:
        self._paths, self._scratch, self._files = paths, scratch, files
        self._gff3 = files.enter_context(write_output(paths.gff3))
        self._gtf = self._indexed = None
        if paths.gtf:
            self._gtf = GtfWriter(files.enter_context(write_output(paths.gtf)))
        if paths.sorted_gff3:
            self._scratch.mkdir(exist_ok=True)
            files.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._indexed = IndexedGff3(self._scratch / "rows.gff3")

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
