"""The stages of an annotation, as plain functions over a run folder.

    sorted_gff -> region_db -> predictions (piece by piece) -> merged_gff3, reject_report

Every door calls these functions; nothing else puts the parts below together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.fasta import write_proteins
from transgenic_dagster.gene_models.from_sentence import gene_from_sentence
from transgenic_dagster.gene_models.gff3_writer import Gff3Writer
from transgenic_dagster.gene_models.gsf_table import GsfTable
from transgenic_dagster.gene_models.rejects import Reject, write_reject
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_db import RegionDb, build_region_db
from transgenic_dagster.regions.windows import WindowRule
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.sequences.fasta import open_genome
from transgenic_dagster.system.atomic_files import atomic_write

if TYPE_CHECKING:
    import torch

    from transgenic_dagster.inference.batching import BatchSizes, Unit
    from transgenic_dagster.inference.beam_search import DecodingOptions
    from transgenic_dagster.inference.engine import Engine
    from transgenic_dagster.inference.worker_pool import WorkerModel

REGIONS_PER_READ = 256

OnUnit = Callable[[int, int], None]
"""Told after each unit is safe: regions in it, and how many of them have no gene."""


def make_sorted_gff(
    annotation: Path,
    folder: RunFolder,
    sorter: Literal["builtin", "agat", "none"],
    feature_types: tuple[str, ...],
) -> None:
    """Write the whole input annotation, sorted, as GFF3; genes are built where it has none.

    Args:
        annotation: the user's file.
        folder: the run folder.
        sorter: who sorts.
        feature_types: feature types that count as a gene.
    """
    sort_annotation(annotation, folder.sorted_gff, sorter=sorter, feature_types=feature_types)


def make_region_db(
    fasta: Path,
    folder: RunFolder,
    *,
    feature_types: tuple[str, ...],
    window_rule: WindowRule,
    max_window: int,
    run_info: Mapping[str, str],
) -> None:
    """Build the region database from the genome and the sorted annotation.

    Args:
        fasta: the genome.
        folder: the run folder; its ``sorted_gff`` must be there.
        feature_types: feature types that count as a gene.
        window_rule: how windows are laid at a sequence's ends.
        max_window: longest window in nucleotides.
        run_info: what the database shall remember of the run.
    """
    genes = read_genes(folder.sorted_gff, feature_types)
    folder.genome_cache.mkdir(exist_ok=True)
    with open_genome(fasta, folder.genome_cache) as genome:
        build_region_db(
            folder.region_db,
            genome,
            genes.genes,
            genes.skipped,
            window_rule=window_rule,
            max_window=max_window,
            run_info=dict(run_info),
            annotation=genes.annotation,
        )


@dataclass(frozen=True)
class Loading:
    """How windows are read ahead (see ``inference.loader``)."""

    num_workers: int = 0
    prefetch_factor: int = 2


def predict(
    folder: RunFolder,
    pieces: Sequence[str],
    engine: "Engine",
    decoding: "DecodingOptions",
    *,
    batch_sizes: "BatchSizes",
    loading: Loading,
    on_unit: OnUnit,
) -> None:
    """Predict all regions of some pieces that are not journaled yet, and journal them.

    Args:
        folder: the run folder; its ``region_db`` must be there.
        pieces: names of pieces, predicted in this order.
        engine: the loaded model.
        decoding: how sentences are searched.
        batch_sizes: how many regions are decoded at once, and make a unit.
        loading: how windows are read ahead.
        on_unit: told after each unit is safe.
    """
    from transgenic_dagster.inference.prefetch import load_units

    loaded = load_units(
        _units_left(folder, pieces, batch_sizes),
        partial(_read_sequences, folder.region_db),
        num_workers=loading.num_workers,
        prefetch_factor=loading.prefetch_factor,
    )

    def predicted() -> "Iterator[tuple[Unit, list[PredictedSentence]]]":
        for unit, input_ids in loaded:
            batch_size = batch_sizes.batch_size(unit.window_length)
            yield unit, engine.predict(unit.regions, input_ids, decoding, batch_size=batch_size)

    _journal(folder, predicted(), on_unit)


def predict_on_several(
    folder: RunFolder,
    pieces: Sequence[str],
    devices: "Sequence[torch.device]",
    model: "WorkerModel",
    decoding: "DecodingOptions",
    *,
    batch_sizes: "BatchSizes",
    on_unit: OnUnit,
) -> None:
    """Do what ``predict`` does on several devices, in a process for each.

    Args:
        folder: the run folder.
        pieces: names of pieces.
        devices: where to predict; a device that is named twice has two processes.
        model: what each process loads.
        decoding: how sentences are searched.
        batch_sizes: how many regions are decoded at once, and make a unit.
        on_unit: told after each unit is safe.

    Raises:
        RunError: all processes are lost.
    """
    from transgenic_dagster.inference.worker_pool import predict_on_workers

    predicted = predict_on_workers(
        devices,
        model,
        decoding,
        _units_left(folder, pieces, batch_sizes),
        partial(_read_sequences, folder.region_db),
        batch_sizes,
    )
    _journal(folder, predicted, on_unit)


def _units_left(
    folder: RunFolder, pieces: Sequence[str], batch_sizes: "BatchSizes"
) -> "list[Unit]":
    from transgenic_dagster.inference.batching import plan_units

    units = []
    with RegionDb(folder.region_db) as database:
        for piece in pieces:
            done = {sentence.region_id for sentence in journaled(folder, piece)}
            left = [r for r in database.regions(piece) if r.region_id not in done]
            units += plan_units(piece, left, batch_sizes.per_unit)
    return units


def _journal(
    folder: RunFolder,
    predicted: "Iterable[tuple[Unit, list[PredictedSentence]]]",
    on_unit: OnUnit,
) -> None:
    """Make predicted units safe as they come."""
    from transgenic_dagster.inference.journal import Journal

    journals: dict[str, Journal] = {}
    with RegionDb(folder.region_db) as database, ExitStack() as files:
        for unit, sentences in predicted:
            if unit.piece not in journals:
                journals[unit.piece] = files.enter_context(Journal(folder.journal(unit.piece)))
            journals[unit.piece].append(sentences)
            windows = database.sequences([r.region_id for r in unit.regions])
            rejected = sum(
                gene_from_sentence(s, r, windows[r.region_id])[0] is None
                for s, r in zip(sentences, unit.regions, strict=True)
            )
            on_unit(len(sentences), rejected)


def journaled(folder: RunFolder, piece: str) -> list[PredictedSentence]:
    """Sentences of a piece that are safe."""
    from transgenic_dagster.inference.journal import read_journal

    return read_journal(folder.journal(piece))


@dataclass(frozen=True)
class ResultPaths:
    """Final files; those that are None are not wanted."""

    gff3: Path
    rejects: Path
    gsf: Path | None = None
    proteins: Path | None = None

    def all(self) -> tuple[Path, ...]:
        """Those that are wanted."""
        wanted = (self.gff3, self.rejects, self.gsf, self.proteins)
        return tuple(path for path in wanted if path is not None)


def write_results(
    folder: RunFolder,
    paths: ResultPaths,
    *,
    provenance: Mapping[str, str],
    gm_attribute: Literal["GM", "gm"],
) -> Accounting:
    """Turn all journaled sentences into the final files, which appear complete or not at all.

    Args:
        folder: the run folder with its region database and journals.
        paths: files to write.
        provenance: what the GFF3 says of its origin.
        gm_attribute: name of the attribute that holds the input gene's id.

    Returns:
        What became of every gene of the input.

    Raises:
        RunError: a region has no prediction, or the counts do not add up.
    """
    accounting = Accounting()
    with RegionDb(folder.region_db) as database, ExitStack() as files:
        genes = Gff3Writer(files.enter_context(atomic_write(paths.gff3)), gm_attribute)
        rejects = files.enter_context(atomic_write(paths.rejects))
        table = GsfTable(files.enter_context(atomic_write(paths.gsf))) if paths.gsf else None
        proteins = files.enter_context(atomic_write(paths.proteins)) if paths.proteins else None

        genes.write_header(database.sequence_lengths(), provenance)
        for skipped in database.skipped():
            write_reject(rejects, Reject.from_skipped_input(skipped))
            if skipped.is_gene:
                accounting.count_skipped(skipped.reason)
        for region, sentence, window in _predicted_regions(folder, database):
            gene, reasons = gene_from_sentence(sentence, region, window)
            accounting.count_gene(gene, reasons)
            for reject in reasons:
                write_reject(rejects, reject)
            if gene is not None:
                genes.write_gene(gene)
                if proteins is not None:
                    write_proteins(proteins, gene)
            if table is not None:
                table.write(region, sentence, annotated=gene is not None)
        accounting.check(database.input_gene_count())
    return accounting


def _predicted_regions(
    folder: RunFolder, database: RegionDb
) -> Iterator[tuple[Region, PredictedSentence, str]]:
    """Yield every region, in order, with its sentence and its window's sequence."""
    sentences = {
        sentence.region_id: sentence
        for piece in database.pieces()
        for sentence in journaled(folder, piece)
    }
    regions = database.regions()
    for first in range(0, len(regions), REGIONS_PER_READ):
        some = regions[first : first + REGIONS_PER_READ]
        windows = database.sequences([region.region_id for region in some])
        for region in some:
            if region.region_id not in sentences:
                raise RunError(
                    f"Gene {region.gene_id!r} ({region.seqid}) was never predicted; continue the "
                    "run with --resume."
                )
            yield region, sentences[region.region_id], windows[region.region_id]


def _read_sequences(region_db: Path, region_ids: Sequence[int]) -> dict[int, str]:
    with RegionDb(region_db) as database:
        return database.sequences(region_ids)
