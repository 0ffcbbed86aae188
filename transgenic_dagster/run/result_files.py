"""The final files of a run, written together: they appear complete or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TextIO

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.filters import Filters
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.gsf_table import GsfTable
from transgenic_dagster.gene_models.input_attributes import read_input_attributes
from transgenic_dagster.gene_models.kept_input import (
    KeptInput,
    fill_gaps,
    skipped_before_regions,
    write_gap,
)
from transgenic_dagster.gene_models.locus_names import locus_names, read_earlier_names
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gene_models.selection import Doubt
from transgenic_dagster.gene_models.text_sink import TextSink
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.options import AnnotateOptions
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.gene_files import GeneFiles
from transgenic_dagster.run.gff3_files import Gff3Files
from transgenic_dagster.run.result_paths import ResultPaths
from transgenic_dagster.system.output_files import write_output


def write_skipped(handle: TextIO, skipped: Iterable[SkippedInput], accounting: Accounting) -> None:
    """Report everything of the input that never became a region, and count the genes of it."""
    for one in skipped:
        write_reject(handle, Reject.from_skipped_input(one))
        if one.is_gene:
            accounting.count_skipped(one.reason)


class ResultFiles:
    """Writers of all final files; a context manager.

    Genes are added in region order. Everything is counted on the way.

    Args:
        paths: the files.
        options: of the run.
        folder: of the run; its sorted annotation gives the rows of genes that are kept.
        database: the region database.
        provenance: what the GFF3 says of where it comes from.
    """

    def __init__(
        self,
        paths: ResultPaths,
        options: AnnotateOptions,
        folder: RunFolder,
        database: RegionDb,
        provenance: Mapping[str, str],
    ) -> None:
        self.accounting = Accounting()
        self._paths, self._options, self._folder = paths, options, folder
        self._database, self._provenance = database, provenance
        self._gm_attribute: Literal["GM", "gm"] = "gm" if options.strict_gff3 else "GM"
        self._filters = Filters(
            options.min_confidence, options.complete_only, options.longest_isoform
        )
        self._files = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.push(self._files)  # closes them if not all of them can be opened
            self._open_files()
            opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def _open_files(self) -> None:
        paths, database = self._paths, self._database
        skipped = database.skipped()
        self._names = _locus_names(database, self._options)
        self._inherited = _inherited(self._folder, self._options)
        self._annotation = Gff3Files(paths, self._folder.sorting, self._files)
        self._gaps = None
        self._gff3: TextSink
        if self._options.keep_input:
            self._gaps = _Gaps(self._folder, self._options, database.regions(), skipped)
            self._gff3 = self._files.enter_context(self._gaps.drafted())
        else:
            self._gff3 = self._annotation
        self._genes = Gff3Writer(self._gff3, self._gm_attribute, self._options.cds_ids)
        self._rejects = self._open(paths.rejects)
        self._table = GsfTable(self._open(paths.gsf)) if paths.gsf else None
        self._beside = GeneFiles(paths, self._files)
        self._genes.write_header(database.sequence_lengths(), self._provenance)
        write_skipped(self._rejects, skipped, self.accounting)

    def add(
        self,
        region: Region,
        sentence: PredictedSentence,
        gene: GeneModel | None,
        rejects: Sequence[Reject],
        doubt: Doubt | None,
    ) -> bool:
        """Write what became of one region; returns whether it has a gene in the GFF3."""
        if doubt and not self._options.keep_all:
            gene = None
            rejects = [Reject.from_sentence(region, sentence, doubt.reason, doubt.detail)]
        if gene is not None:
            gene, left_out = self._filters.apply(gene)
            unwanted = [
                Reject.from_sentence(region, sentence, one.reason, one.detail, one.transcript)
                for one in left_out
            ]
            # Of a gene that is left out, the first reason counts.
            rejects = [*unwanted, *rejects] if gene is None else [*rejects, *unwanted]
        if gene is not None and self._names:
            gene = replace(gene, locus=self._names[gene.gm_id])
        if gene is not None and self._inherited:
            gene = replace(gene, inherited=self._inherited.get(gene.gm_id, ()))
        self.accounting.count_gene(gene, rejects, doubt.reason if doubt else None)
        for reject in rejects:
            write_reject(self._rejects, reject)
        if self._gaps:
            self._gaps.add(region, gene, rejects)
        if gene is not None:
            self._write_gene(gene, doubt)
        if self._table is not None:
            self._table.write(region, sentence, annotated=gene is not None)
        return gene is not None

    def finish(self) -> None:
        """Fill the gaps, and check that every gene of the input is accounted for.

        Raises:
            RunError: the counts do not add up.
        """
        if self._gaps:
            lengths = self._database.sequence_lengths()
            kept = self._gaps.fill(self._annotation, lengths, self._gm_attribute)
            self.accounting.kept_input = kept
        self._annotation.finish()
        self.accounting.check(self._database.input_gene_count())

    def _open(self, path: Path) -> TextIO:
        return self._files.enter_context(write_output(path))

    def _write_gene(self, gene: GeneModel, doubt: Doubt | None) -> None:
        self._genes.write_gene(gene, doubt.reason if doubt else None)
        self._beside.write_gene(gene)


def _locus_names(database: RegionDb, options: AnnotateOptions) -> Mapping[str, str]:
    if not options.locus_prefix:
        return {}
    earlier = read_earlier_names(options.names_from) if options.names_from else {}
    return locus_names(database.regions(), options.locus_prefix, earlier)


def _inherited(
    folder: RunFolder, options: AnnotateOptions
) -> Mapping[str, tuple[tuple[str, str], ...]]:
    if not options.keep_attributes:
        return {}
    genes = read_genes(folder.sorted_gff, options.feature_types).genes
    return read_input_attributes(folder.sorted_gff, {gene.row: gene.gene_id for gene in genes})


class _Gaps:
    """Places in the GFF3 of genes without a gene model, to be filled with the input's rows."""

    def __init__(
        self,
        folder: RunFolder,
        options: AnnotateOptions,
        regions: Sequence[Region],
        skipped: Sequence[SkippedInput],
    ) -> None:
        self._draft, self._sorted_gff = folder.draft_gff3, folder.sorted_gff
        self._feature_types = options.feature_types
        self._before = skipped_before_regions(
            folder.sorted_gff, options.feature_types, regions, skipped
        )
        self._position = 0
        self._reasons: dict[str, str] = {}
        self._predicted: set[str] = set()

    def drafted(self) -> TextIO:
        """Open the file that the GFF3 goes to until the gaps can be filled."""
        self._handle = self._draft.open("w", encoding="utf-8", newline="\n")
        return self._handle

    def add(self, region: Region, gene: GeneModel | None, rejects: Sequence[Reject]) -> None:
        """Hold the place of a region, if it has no gene model, and of genes skipped before it."""
        self._add_skipped()
        self._position += 1
        if gene:
            self._predicted.add(gene.name)
        else:
            self._add_gap(region.gene_id, rejects[0].reason)

    def fill(self, output: TextSink, lengths: Mapping[str, int], gm: Literal["GM", "gm"]) -> int:
        """Copy the draft with the input's rows in its gaps; returns the number of genes kept."""
        self._add_skipped()
        self._handle.close()
        kept = KeptInput(
            self._sorted_gff, self._feature_types, self._reasons, self._predicted, lengths, gm
        )
        fill_gaps(self._draft, output, kept)
        self._draft.unlink()
        return len(kept)

    def _add_skipped(self) -> None:
        for skipped in self._before.get(self._position, ()):
            self._add_gap(skipped.gene_id, skipped.reason)

    def _add_gap(self, gene_id: str, reason: str) -> None:
        write_gap(self._handle, gene_id)
        self._reasons[gene_id] = reason
