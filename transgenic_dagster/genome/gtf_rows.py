"""Rewriting the rows of GTF and other relatives of GFF3 as GFF3."""

import duckdb
import numpy as np

from transgenic_dagster.genome.bulk import execute_with_batch, text_column
from transgenic_dagster.genome.gtf import gff3_attributes

_ROWS_PER_BATCH = 20_000

# BRAKER names a transcript on two rows, of type transcript and mRNA; an ID belongs to one.
_DROP_REPEATED_IDS = """
    UPDATE rows
    SET attributes = regexp_replace(attributes, '^ID=[^;]*;', '')
    FROM (
        SELECT line, row_number() OVER (
            PARTITION BY seqid, regexp_extract(attributes, '^ID=[^;]*') ORDER BY type DESC, line
        ) AS occurrence
        FROM rows
        WHERE line IN (SELECT line FROM rewritten) AND starts_with(attributes, 'ID=')
    ) AS named
    WHERE rows.line = named.line AND occurrence > 1 AND contains(attributes, ';Parent=')
"""


def rewrite_column_9(database: duckdb.DuckDBPyConnection) -> bool:
    """Rewrite column 9 of the table ``rows`` as GFF3 where it is not.

    Returns:
        Whether any row was rewritten.
    """
    database.execute(
        """
        CREATE TABLE other_dialects AS
        SELECT line, type, attributes
        FROM rows
        WHERE problem IS NULL AND NOT regexp_matches(attributes, '^[ ;]*([^=";]+=|[. ]?$)')
        """
    )
    database.execute("CREATE TABLE rewritten (line BIGINT, attributes VARCHAR)")
    reader = database.cursor().execute("FROM other_dialects")
    was_rewritten = False
    while batch := reader.fetchmany(_ROWS_PER_BATCH):
        columns = {
            "line": np.array([line for line, _, _ in batch]),
            "attributes": text_column(gff3_attributes(kind, text) for _, kind, text in batch),
        }
        execute_with_batch(database, "INSERT INTO rewritten FROM batch", columns)
        was_rewritten = True
    if not was_rewritten:
        return False
    database.execute(
        """
        UPDATE rows SET attributes = rewritten.attributes
        FROM rewritten WHERE rows.line = rewritten.line
        """
    )
    database.execute(_DROP_REPEATED_IDS)
    database.execute("DROP TABLE other_dialects")
    database.execute("DROP TABLE rewritten")
    return True
