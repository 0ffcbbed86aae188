"""Files beside the GFF3 that have records for every gene of the model: sequences and moves."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

from transgenic_dagster.gene_models.fasta import SequenceKind, write_sequences
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.refinement_table import RefinementTable
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.output_files import write_output

_SEQUENCES: Final[tuple[SequenceKind, ...]] = ("protein", "cds", "cdna")


class GeneFiles:
    """Writers of those that are wanted.

    Args:
        paths: the final files of the run.
        files: closes them.
    """

    def __init__(self, paths: ResultPaths, files: ExitStack) -> None:
        wanted: tuple[Path | None, ...] = (paths.proteins, paths.cds, paths.cdna)
        self._sequences: dict[SequenceKind, TextIO] = {
            kind: files.enter_context(write_output(path))
            for kind, path in zip(_SEQUENCES, wanted, strict=True)
            if path
        }
        self._moves = None
        if paths.refinements:
            handle = files.enter_context(write_output(paths.refinements))
            self._moves = RefinementTable(handle)

    def write_gene(self, gene: GeneModel) -> None:
        """Write the records of a gene to all of them."""
        for kind, handle in self._sequences.items():
            write_sequences(handle, gene, kind)
        if self._moves is not None:
            self._moves.write_gene(gene)
