"""Loading the rows of an annotation file into DuckDB, with what is wrong with the broken ones."""

from collections.abc import Iterable

import duckdb
import numpy as np

from transgenic_dagster.genome.bulk import execute_with_batch, text_column

# Lines that are neither blank nor comments, split into columns.
_INSERT_ROWS = r"""
    INSERT INTO rows
    SELECT line, trim(c[1]), c[2], trim(c[3]), start, "end", c[6], trim(c[7]), c[8], c[9],
        CASE
            WHEN len(c) <> 9
                THEN 'has ' || len(c) || ' tab-separated columns instead of 9'
            WHEN trim(c[1]) = '' THEN 'has no sequence name in column 1'
            WHEN trim(c[3]) = '' THEN 'has no feature type in column 3'
            WHEN NOT regexp_full_match(c[4], ' *[0-9]{1,18} *')
                THEN 'has the start "' || c[4][:40] || '", which is no whole number'
            WHEN NOT regexp_full_match(c[5], ' *[0-9]{1,18} *')
                THEN 'has the end "' || c[5][:40] || '", which is no whole number'
            WHEN start < 1 THEN 'has the start ' || start || ', but positions begin at 1'
            WHEN start > "end" THEN 'has its start ' || start || ' after its end ' || "end"
            WHEN trim(c[7]) NOT IN ('+', '-', '.', '?', '*')
                THEN 'has the strand "' || c[7][:40] || '", which is none of + - . ?'
        END
    FROM (
        SELECT line, c, TRY_CAST(c[4] AS BIGINT) AS start, TRY_CAST(c[5] AS BIGINT) AS "end"
        FROM (
            SELECT line, string_split(text, chr(9)) AS c
            FROM batch
            WHERE text[1] <> '#' AND regexp_matches(text, '[^ \t]')
        )
    )
"""


def load_rows(database: duckdb.DuckDBPyConnection, blocks: Iterable[str]) -> None:
    """Create the table ``rows`` from the text of a GFF file.

    Its columns are ``line`` (from 1; comments and blank lines count), the nine of GFF3 (``start``
    and ``end`` 1-based closed) and ``problem``: what is wrong with the row, else NULL.

    Args:
        database: an empty database.
        blocks: the text of the file, cut where lines end.
    """
    database.execute(
        """
        CREATE TABLE rows (
            line BIGINT, seqid VARCHAR, source VARCHAR, type VARCHAR, start BIGINT, "end" BIGINT,
            score VARCHAR, strand VARCHAR, phase VARCHAR, attributes VARCHAR, problem VARCHAR
        )
        """
    )
    lines_before = 0
    for block in blocks:
        texts = block.split("\n")[:-1]
        numbers = np.arange(lines_before + 1, lines_before + 1 + len(texts))
        columns = {"line": numbers, "text": text_column(texts)}
        execute_with_batch(database, _INSERT_ROWS, columns)
        lines_before += len(texts)
