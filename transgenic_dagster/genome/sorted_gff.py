"""The sorted annotation: a GFF3 file with every row of the input, children under their parents."""

import os
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np

from transgenic_dagster.genome.annotation_rows import load_rows
from transgenic_dagster.genome.compressed import read_blocks
from transgenic_dagster.genome.feature_tree import depth_first_positions
from transgenic_dagster.genome.natural_order import natural_key
from transgenic_dagster.genome.origin import BrokenRow, Origin
from transgenic_dagster.genome.scratch import scratch_database
from transgenic_dagster.genome.text_encoding import decode_lines

Sorter = Literal["builtin", "agat", "none"]

_ROWS_PER_WRITE = 20_000


def sort_annotation(annotation: Path, output: Path, *, sorter: Sorter = "builtin") -> None:
    """Write the annotation as a sorted GFF3 file, and its ``Origin`` beside it.

    Sequences come in natural order, features by (start, end) with children under their parents. No
    row is dropped but broken ones, which the ``Origin`` lists.

    Args:
        annotation: the user's annotation file.
        output: the GFF3 file to write.
        sorter: ``builtin``, ``agat``, or ``none`` for the order of the file.

    Raises:
        InputError: the file is missing, unreadable or no annotation.
    """
    with scratch_database(output.parent) as database:
        load_rows(database, decode_lines(read_blocks(annotation)))
        _number_rows(database, in_file_order=sorter == "none")
        lines = _write_rows(database, output)
        Origin(annotation.name, lines, _broken_rows(database)).write(output)


def _number_rows(database: duckdb.DuckDBPyConnection, *, in_file_order: bool) -> None:
    """Create the table ``ordered``: the good rows, with the ``position`` of each in the output."""
    if in_file_order:
        database.execute(
            """
            CREATE TABLE positions AS
            SELECT line, line AS position FROM rows WHERE problem IS NULL
            """
        )
        return
    _rank_sequences(database)
    database.execute(
        """
        CREATE TABLE nodes AS
        SELECT row_number() OVER (ORDER BY rank, start, "end", line) - 1 AS node,
            line, seqid, start,
            regexp_extract(attributes, '(?:^|;) *ID=([^;]*)', 1) AS id,
            regexp_extract(attributes, '(?:^|;) *Parent=([^;,]*)', 1) AS parent_id
        FROM rows JOIN sequences USING (seqid)
        WHERE problem IS NULL
        """
    )
    # Where an ID occurs more than once, a child belongs to the last such feature that begins no
    # later than itself, else to the first.
    database.execute(
        """
        CREATE TABLE parents AS
        SELECT seqid, id, start, min(node) AS node
        FROM nodes
        WHERE id IN (SELECT parent_id FROM nodes WHERE parent_id <> '')
        GROUP BY ALL
        """
    )
    columns = database.execute(
        """
        WITH children AS (SELECT node, seqid, start, parent_id FROM nodes WHERE parent_id <> ''),
        first_parents AS (SELECT seqid, id, min(node) AS node FROM parents GROUP BY ALL)
        SELECT children.node, coalesce(parents.node, first_parents.node) AS parent
        FROM children
        JOIN first_parents
            ON children.seqid = first_parents.seqid AND children.parent_id = first_parents.id
        ASOF LEFT JOIN parents
            ON children.seqid = parents.seqid AND children.parent_id = parents.id
            AND children.start >= parents.start
        """
    ).fetchnumpy()
    ((count,),) = database.execute("SELECT count(*) FROM nodes").fetchall()
    parent = np.full(count, -1, dtype=np.int64)
    parent[columns["node"]] = columns["parent"]
    position = depth_first_positions(parent)
    database.register("tree_order", {"node": np.arange(count), "position": position})
    database.execute(
        """
        CREATE TABLE positions AS
        SELECT line, position FROM nodes JOIN tree_order USING (node)
        """
    )


def _rank_sequences(database: duckdb.DuckDBPyConnection) -> None:
    """Create the table ``sequences``: the rank of each seqid in natural order."""
    seqids = [seqid for (seqid,) in database.execute("SELECT DISTINCT seqid FROM rows").fetchall()]
    names = np.array(sorted(seqids, key=natural_key), dtype=object)
    database.register("ranks", {"seqid": names, "rank": np.arange(len(seqids))})
    database.execute("CREATE TABLE sequences AS SELECT * FROM ranks")


def _write_rows(database: duckdb.DuckDBPyConnection, output: Path) -> list[int]:
    """Write the rows of ``ordered`` by position; return the line of the input of each."""
    lines: list[int] = []
    unfinished = output.with_name(output.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.write("##gff-version 3\n")
        result = database.execute(
            """
            SELECT line, concat_ws(
                chr(9), seqid, source, type, start, "end", score, strand, phase, attributes
            ) || chr(10)
            FROM rows JOIN positions USING (line)
            ORDER BY position
            """
        )
        while batch := result.fetchmany(_ROWS_PER_WRITE):
            batch_lines, texts = zip(*batch, strict=True)
            lines += batch_lines
            file.writelines(texts)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(output)
    return lines


def _broken_rows(database: duckdb.DuckDBPyConnection) -> list[BrokenRow]:
    rows = database.execute(
        """
        SELECT line, coalesce(seqid, ''), coalesce(type, ''), problem
        FROM rows
        WHERE problem IS NOT NULL
        ORDER BY line
        """
    ).fetchall()
    return [BrokenRow(*row) for row in rows]
