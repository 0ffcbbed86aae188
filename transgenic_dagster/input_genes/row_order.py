"""The order of the rows of a sorted annotation."""

import duckdb
import numpy as np

from transgenic_dagster.input_genes.bulk import execute_with_batch, text_column
from transgenic_dagster.input_genes.feature_tree import depth_first_positions
from transgenic_dagster.sequences.natural_order import natural_key

# Nodes are numbered in the order in which siblings are to appear.
_CREATE_NODES = """
    CREATE TABLE nodes AS
    SELECT node, line, seqid, start,
        attribute(attributes, 'ID') AS id,
        string_split(attribute(attributes, 'Parent'), ',')[1] AS parent_id
    FROM rows JOIN (
        SELECT
            line,
            row_number() OVER (ORDER BY rank, start, "end", strand, file_position, line) - 1 AS node
        FROM rows JOIN sequences USING (seqid)
        WHERE problem IS NULL
    ) USING (line)
"""

_CREATE_PARENTS = """
    CREATE TABLE parents AS
    SELECT seqid, id, start, min(node) AS node
    FROM nodes
    WHERE id IN (SELECT parent_id FROM nodes WHERE parent_id <> '')
    GROUP BY seqid, id, start
"""

# If an ID occurs more than once, a child belongs to the last such feature that begins no later
# than itself, else to the first.
_SELECT_LINKS = """
    WITH children AS (SELECT node, seqid, start, parent_id FROM nodes WHERE parent_id <> ''),
    first_parents AS (SELECT seqid, id, min(node) AS node FROM parents GROUP BY seqid, id)
    SELECT children.node, coalesce(parents.node, first_parents.node) AS parent
    FROM children
    JOIN first_parents
        ON children.seqid = first_parents.seqid AND children.parent_id = first_parents.id
    ASOF LEFT JOIN parents
        ON children.seqid = parents.seqid AND children.parent_id = parents.id
        AND children.start >= parents.start
"""


def keep_file_order(database: duckdb.DuckDBPyConnection) -> None:
    """Create the table ``positions`` (line, position): the good rows as they come."""
    database.execute(
        """
        CREATE TABLE positions AS
        SELECT line, file_position AS position FROM rows WHERE problem IS NULL
        """
    )


def sort_by_position(database: duckdb.DuckDBPyConnection) -> None:
    """Create the table ``positions`` (line, position): the good rows as they are to be written.

    Sequences come in natural order, features by (start, end), children under their parents; a row
    with several parents comes under the first.
    """
    seqids = [seqid for (seqid,) in database.execute("SELECT DISTINCT seqid FROM rows").fetchall()]
    seqids = sorted(filter(None, seqids), key=natural_key)
    ranks = {"seqid": text_column(seqids), "rank": np.arange(len(seqids))}
    execute_with_batch(database, "CREATE TABLE sequences AS FROM batch", ranks)
    database.execute(_CREATE_NODES)
    database.execute(_CREATE_PARENTS)
    links = database.execute(_SELECT_LINKS).fetchnumpy()
    ((count,),) = database.execute("SELECT count(*) FROM nodes").fetchall()
    parent = np.full(count, -1, dtype=np.int64)
    parent[links["node"]] = links["parent"]
    positions = {"node": np.arange(count), "position": depth_first_positions(parent)}
    execute_with_batch(
        database,
        "CREATE TABLE positions AS SELECT line, position FROM nodes JOIN batch USING (node)",
        positions,
    )
