"""The region database: all that later stages need of the inputs, in one DuckDB file."""

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import numpy as np

from transgenic_dagster.errors import ResumableError
from transgenic_dagster.input_genes.bulk import Columns, columns_of, execute_with_batch, text_column
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.input_genes.scratch import DUCKDB_CONFIG, disk_errors_named
from transgenic_dagster.regions.pieces import assign_pieces
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.region_plan import plan_regions
from transgenic_dagster.regions.windows import MAX_WINDOW, WindowRule
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome
from transgenic_dagster.sequences.natural_order import natural_key
from transgenic_dagster.system.atomic_files import sync_folder
from transgenic_dagster.system.memory import is_out_of_memory

_BASES_PER_BATCH = 20_000_000
_REGIONS_PER_READ = 256

# Each checkpoint writes all regions again, so let there be few; and DNA as letters hardly shrinks.
_CONFIG = {**DUCKDB_CONFIG, "checkpoint_threshold": "128MB"}
# DuckDB keeps pages that it has read up to the limit, though each window is read only twice.
_READING_CONFIG = {**DUCKDB_CONFIG, "memory_limit": "64MB"}
_HEADER_BYTES = 3 * 4096
_BLOCK_BYTES = 1 << 18
"""A file of DuckDB grows by whole blocks."""

_SCHEMA = """
    CREATE TABLE regions (
        region_id INTEGER, gene_id VARCHAR, seqid VARCHAR, gene_start BIGINT, gene_end BIGINT,
        strand VARCHAR, window_start BIGINT, window_end BIGINT,
        sequence VARCHAR USING COMPRESSION uncompressed
    );
    CREATE TABLE skipped_inputs (
        reason VARCHAR, detail VARCHAR, line BIGINT, gene_id VARCHAR, seqid VARCHAR,
        gene_start BIGINT, gene_end BIGINT, strand VARCHAR, is_gene BOOLEAN
    );
    CREATE TABLE sequences (
        rank BIGINT, seqid VARCHAR, length BIGINT, piece VARCHAR, piece_rank BIGINT
    );
    CREATE TABLE run_info (key VARCHAR, value VARCHAR);
"""


def database_bytes(bases: int) -> int:
    """Return the size of a region database on disk, as measured.

    Args:
        bases: lengths of all windows together (nt); each takes one byte.
    """
    blocks = 4 + math.ceil(bases / _BLOCK_BYTES)  # four hold everything but the sequences
    return _HEADER_BYTES + blocks * _BLOCK_BYTES


def build_region_db(
    db_path: Path,
    genome: Genome,
    genes: Iterable[Gene],
    skipped: Sequence[SkippedInput],
    *,
    window_rule: WindowRule = "extended",
    max_window: int = MAX_WINDOW,
    run_info: Mapping[str, str],
    annotation: str = "the annotation",
) -> None:
    """Write the region database; it appears at ``db_path`` complete or not at all.

    Args:
        db_path: the file to write; an existing one is replaced.
        genome: the sequences.
        genes: the gene list, in the order that the regions are to have.
        skipped: inputs that were skipped before; more are added here.
        window_rule: see ``plan_window``.
        max_window: longest window that the model can read.
        run_info: facts about the run to keep in the database, such as digests and versions.
        annotation: name of the annotation file, for messages.

    Raises:
        InputError: there is not one gene.
    """
    plan = plan_regions(
        genes,
        genome.lengths,
        window_rule=window_rule,
        max_window=max_window,
        annotation=annotation,
        fasta=genome.path.name,
    )
    unfinished = db_path.with_name(f".{db_path.name}.partial")
    for leftover in (unfinished, unfinished.with_name(unfinished.name + ".wal")):
        leftover.unlink(missing_ok=True)
    with (
        disk_errors_named(db_path.parent),
        duckdb.connect(str(unfinished), config=_CONFIG) as database,
    ):
        database.execute(_SCHEMA)
        insert_run_info = "INSERT INTO run_info FROM batch"
        execute_with_batch(database, insert_run_info, _run_info_columns(run_info))
        insert_sequences = "INSERT INTO sequences FROM batch"
        named = _sequence_columns(genome.lengths, Counter(r.seqid for r in plan.regions))
        execute_with_batch(database, insert_sequences, named)
        insert_skipped = "INSERT INTO skipped_inputs FROM batch"
        all_skipped = columns_of(SkippedInput, [*skipped, *plan.skipped])
        execute_with_batch(database, insert_skipped, all_skipped)
        insert_regions = "INSERT INTO regions FROM batch"
        for batch in _batches(plan.regions):
            sequences = text_column(_window_sequences(genome, batch))
            columns = {**columns_of(Region, batch), "sequence": sequences}
            execute_with_batch(database, insert_regions, columns)
        # Closing would do the same, but keep silent where it fails.
        database.execute("CHECKPOINT")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(db_path)
    sync_folder(db_path.parent)


class RegionDb:
    """A region database, opened read-only; a context manager.

    Args:
        path: a file that ``build_region_db`` wrote.
        run_info: facts that it must have, where they are known.

    Raises:
        ResumableError: the file is missing, or not the region database that is wanted. All methods
            raise it where the file is damaged.
    """

    def __init__(self, path: Path, run_info: Mapping[str, str] | None = None) -> None:
        self._path = path
        try:
            self._database = duckdb.connect(str(path), read_only=True, config=_READING_CONFIG)
        except duckdb.Error as error:
            if is_out_of_memory(error):
                raise
            raise self._unusable("is not a region database") from error
        if run_info is not None and self.run_info() != run_info:
            self.close()
            raise self._unusable("belongs to another run")

    def regions(self, piece: str | None = None) -> list[Region]:
        """Return the regions in order, all of them or those of one piece."""
        rows = self._rows(
            """
            SELECT * EXCLUDE (sequence)
            FROM regions
            WHERE $1 IS NULL OR seqid IN (SELECT seqid FROM sequences WHERE piece = $1)
            ORDER BY region_id
            """,
            [piece],
        )
        return [Region(*row) for row in rows]

    def sequence(self, region_id: int) -> str:
        """Return the sequence of a region's window: A, C, G, T and N.

        Raises:
            KeyError: no region has that number.
        """
        return self.sequences([region_id])[region_id]

    def sequences(self, region_ids: Iterable[int]) -> dict[int, str]:
        """Return the window sequences of several regions by their number.

        Raises:
            KeyError: no region has one of the numbers.
        """
        wanted = list(region_ids)
        rows = self._rows(
            """
            SELECT region_id, sequence
            FROM regions
            WHERE region_id BETWEEN $1 AND $2 AND list_contains($3, region_id)
            """,
            [min(wanted, default=0), max(wanted, default=0), wanted],
        )
        found = dict(rows)
        return {region_id: found[region_id] for region_id in wanted}

    def windows(self) -> Iterator[tuple[Region, str]]:
        """Yield every region, in order, with the sequence of its window."""
        regions = self.regions()
        for first in range(0, len(regions), _REGIONS_PER_READ):
            some = regions[first : first + _REGIONS_PER_READ]
            sequences = self.sequences([region.region_id for region in some])
            for region in some:
                yield region, sequences[region.region_id]

    def skipped(self) -> list[SkippedInput]:
        """Return every skipped input, in the order in which it was found."""
        rows = self._rows("SELECT * FROM skipped_inputs ORDER BY rowid")
        return [SkippedInput(*row) for row in rows]

    def sequence_lengths(self) -> dict[str, int]:
        """Return the length (nt) of every sequence of the FASTA file, in natural order."""
        return dict(self._rows("SELECT seqid, length FROM sequences ORDER BY rank"))

    def pieces(self) -> list[str]:
        """Return the names of the pieces that hold regions, in order."""
        rows = self._rows(
            """
            SELECT piece
            FROM sequences
            WHERE seqid IN (SELECT seqid FROM regions)
            GROUP BY piece
            ORDER BY min(piece_rank)
            """
        )
        return [piece for (piece,) in rows]

    def run_info(self) -> dict[str, str]:
        """Return the facts given to ``build_region_db``."""
        return dict(self._rows("SELECT key, value FROM run_info"))

    def input_gene_count(self) -> int:
        """Return the number of genes of the input: regions and skipped genes."""
        ((count,),) = self._rows(
            """
            SELECT (SELECT count(*) FROM regions)
                + (SELECT count(*) FROM skipped_inputs WHERE is_gene)
            """
        )
        return int(count)

    def _rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(query, parameters).fetchall()
        except duckdb.Error as error:
            if is_out_of_memory(error):
                raise
            raise self._unusable("is damaged") from error

    def _unusable(self, why: str) -> ResumableError:
        return ResumableError(
            f"{self._path} {why}, and has to be made again (in Dagster: materialize region_db)."
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> "RegionDb":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _run_info_columns(run_info: Mapping[str, str]) -> Columns:
    return {"key": text_column(run_info.keys()), "value": text_column(run_info.values())}


def _sequence_columns(lengths: Mapping[str, int], regions: Mapping[str, int]) -> Columns:
    """Columns of all sequences; the piece of one without a region is the empty text."""
    seqids = sorted(lengths, key=natural_key)
    pieces = assign_pieces(lengths, regions)
    piece_ranks = {piece: rank for rank, piece in enumerate(dict.fromkeys(pieces.values()))}
    return {
        "rank": np.arange(len(seqids)),
        "seqid": text_column(seqids),
        "length": np.array([lengths[seqid] for seqid in seqids], dtype=np.int64),
        "piece": text_column(pieces.get(seqid, "") for seqid in seqids),
        "piece_rank": np.array(
            [piece_ranks.get(pieces.get(seqid, ""), -1) for seqid in seqids], dtype=np.int64
        ),
    }


def _batches(regions: Sequence[Region]) -> Iterator[list[Region]]:
    """Yield the regions in groups whose sequences fit comfortably in memory."""
    batch: list[Region] = []
    bases = 0
    for region in regions:
        batch.append(region)
        bases += region.window_length
        if bases >= _BASES_PER_BATCH:
            yield batch
            batch, bases = [], 0
    if batch:
        yield batch


def _window_sequences(genome: Genome, regions: Sequence[Region]) -> Iterator[str]:
    for region in regions:
        yield normalise(genome.fetch(region.seqid, region.window_start, region.window_end))
