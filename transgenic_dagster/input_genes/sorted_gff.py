"""The sorted annotation: a GFF3 file with every row of the input, children under their parents."""

import logging
import operator
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TextIO

import duckdb

from transgenic_dagster.input_genes.agat import run_agat
from transgenic_dagster.input_genes.annotation_rows import load_rows
from transgenic_dagster.input_genes.annotation_text import read_annotation
from transgenic_dagster.input_genes.feature_types import DEFAULT_FEATURE_TYPES
from transgenic_dagster.input_genes.gene_building import add_missing_parents
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gtf import (
    GFF3_START_PATTERN,
    GTF_START_PATTERN,
    rows_as_gff3,
)
from transgenic_dagster.input_genes.origin import MalformedRow, Origin, read_origin
from transgenic_dagster.input_genes.row_counts import count_rows
from transgenic_dagster.input_genes.row_order import keep_file_order, sort_by_position
from transgenic_dagster.input_genes.scratch import scratch_database
from transgenic_dagster.system.atomic_files import atomic_write

Sorter = Literal["builtin", "agat", "none"]

_ROWS_PER_BATCH = 20_000

logger = logging.getLogger(__name__)

_CREATE_IS_GFF3 = f"""
    CREATE OR REPLACE MACRO is_gff3(attributes) AS
        NOT regexp_matches(attributes, '{GTF_START_PATTERN}')
        AND regexp_matches(attributes, '{GFF3_START_PATTERN}');
"""
_HAS_OTHER_DIALECTS = """
    SELECT coalesce(bool_or(NOT is_gff3(attributes)), false) FROM rows WHERE problem IS NULL
"""


def sort_annotation(
    annotation: Path,
    output: Path,
    *,
    sorter: Sorter = "builtin",
    feature_types: Sequence[str] = DEFAULT_FEATURE_TYPES,
) -> None:
    """Write any annotation as a sorted GFF3 file, and its ``Origin`` beside it.

    Sequences come in natural order, features by (start, end) with children under their parents. No
    row is dropped but malformed ones, which the ``Origin`` lists. GTF and BED become GFF3; genes
    that have no row are built (see ``add_missing_parents``). What became of the rows is logged.

    Args:
        annotation: GFF3, GTF or BED, plain, gzip or bgzip, recognised by content.
        output: the GFF3 file to write.
        sorter: ``builtin``, ``agat`` (AGAT on the output of the built-in sort), or ``none``
            for the order of the file.
        feature_types: types of rows (column 3) that count as genes.

    Raises:
        InputError: the file is missing, unreadable or not an annotation, or AGAT keeps no gene.
        MissingOnMachineError: AGAT is wanted but not installed.
        RunError: AGAT failed.
    """
    if sorter == "agat":
        _sort_with_agat(annotation, output, feature_types)
    else:
        _convert(annotation, output, feature_types, in_file_order=sorter == "none")
    logger.info("%s has %s", annotation.name, read_origin(output).counts)


def _convert(
    annotation: Path, output: Path, feature_types: Sequence[str], *, in_file_order: bool
) -> None:
    with scratch_database(output.parent) as database:
        was_gtf = _load(database, annotation)
        add_missing_parents(database, feature_types, was_gtf=was_gtf)
        counts = count_rows(database, feature_types)
        if in_file_order:
            keep_file_order(database)
        else:
            sort_by_position(database)
        with atomic_write(output) as file:
            lines = _write_rows(database, file)
            Origin(annotation.name, lines, _malformed_rows(database), counts).write(output)


def _load(database: duckdb.DuckDBPyConnection, annotation: Path) -> bool:
    """Create the table ``rows``; return whether column 9 was in another dialect than GFF3."""
    annotation_format, blocks = read_annotation(annotation)
    if annotation_format != "gtf":
        load_rows(database, annotation_format, blocks)
        database.execute(_CREATE_IS_GFF3)
        ((is_mixed,),) = database.execute(_HAS_OTHER_DIALECTS).fetchall()
        if not is_mixed:
            return False
        database.execute("DROP TABLE rows")
        _, blocks = read_annotation(annotation)
    load_rows(database, "gff3", ((line, rows_as_gff3(text)) for line, text in blocks))
    return True


def _sort_with_agat(annotation: Path, output: Path, feature_types: Sequence[str]) -> None:
    """Let AGAT sort, and list the genes that it leaves out among the malformed rows."""
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".agat-") as folder:
        ours = Path(folder) / "sorted.gff3"
        _convert(annotation, ours, feature_types, in_file_order=False)
        genes = read_genes(ours, feature_types).genes
        theirs = run_agat(ours, Path(folder), feature_types)
        _convert(theirs, output, feature_types, in_file_order=True)
        kept = read_genes(output, feature_types).genes
        ids = {gene.gene_id for gene in kept}
        intervals = {(gene.seqid, gene.start, gene.end) for gene in kept}
        dropped = [
            MalformedRow(gene.line, gene.seqid, feature_types[0], "was left out by AGAT")
            for gene in genes
            if gene.gene_id not in ids and (gene.seqid, gene.start, gene.end) not in intervals
        ]
        malformed_rows = sorted(
            read_origin(ours).malformed_rows + dropped, key=operator.attrgetter("line")
        )
        no_lines = [0] * len(read_origin(output).lines)
        Origin(annotation.name, no_lines, malformed_rows, read_origin(ours).counts).write(output)


def _write_rows(database: duckdb.DuckDBPyConnection, file: TextIO) -> list[int]:
    """Write the rows of ``positions``; return the line of the input of each, 0 for added ones."""
    lines: list[int] = []
    file.write("##gff-version 3\n")
    result = database.execute(
        """
        SELECT greatest(line, 0), concat_ws(
            chr(9), seqid, source, type, start, "end", score, strand, phase, attributes
        ) || chr(10)
        FROM rows JOIN positions USING (line)
        ORDER BY position, line
        """
    )
    while batch := result.fetchmany(_ROWS_PER_BATCH):
        batch_lines, texts = zip(*batch, strict=True)
        lines += batch_lines
        file.writelines(texts)
    return lines


def _malformed_rows(database: duckdb.DuckDBPyConnection) -> list[MalformedRow]:
    rows = database.execute(
        """
        SELECT line, coalesce(seqid, ''), coalesce(type, ''), problem
        FROM rows
        WHERE problem IS NOT NULL
        ORDER BY line
        """
    ).fetchall()
    return [MalformedRow(*row) for row in rows]
