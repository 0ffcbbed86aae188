"""Loading the rows of an annotation file into DuckDB, with what is wrong with the broken ones."""

from collections.abc import Iterable

import duckdb
import numpy as np

from transgenic_dagster.genome.bulk import execute_with_batch, text_column
from transgenic_dagster.genome.recognise import AnnotationFormat

_CREATE_ROWS = """
    CREATE TABLE rows (
        line BIGINT, place DOUBLE,
        seqid VARCHAR, source VARCHAR, type VARCHAR, start BIGINT, "end" BIGINT, score VARCHAR,
        strand VARCHAR, phase VARCHAR, attributes VARCHAR, problem VARCHAR
    )
"""

_INSERT_GFF = r"""
    INSERT INTO rows
    SELECT line, line, trim(c[1]), c[2], trim(c[3]), start, "end", c[6],
        CASE trim(c[7]) WHEN '*' THEN '.' ELSE trim(c[7]) END, c[8], c[9],
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
            WHERE regexp_matches(text, '[^ \t]')
                AND NOT regexp_matches(text, '^(#|track |browser )')
        )
    )
"""

_INSERT_BED = r"""
    INSERT INTO rows
    SELECT line, line, c[1], 'BED', 'gene', start + 1, "end",
        CASE WHEN regexp_full_match(c[5], '[0-9.]+') THEN c[5] ELSE '.' END,
        coalesce(c[6], '.'), '.',
        CASE
            WHEN c[4] IN ('', '.') THEN '.'
            ELSE 'ID=' || replace(replace(replace(replace(replace(
                c[4], '%', '%25'), ';', '%3B'), '=', '%3D'), '&', '%26'), ',', '%2C')
        END,
        CASE
            WHEN len(c) < 4 THEN 'has ' || len(c) || ' columns, but BED with names has at least 4'
            WHEN NOT regexp_full_match(c[2], '[0-9]{1,18}')
                THEN 'has the start "' || c[2][:40] || '", which is no whole number'
            WHEN NOT regexp_full_match(c[3], '[0-9]{1,18}')
                THEN 'has the end "' || c[3][:40] || '", which is no whole number'
            WHEN start >= "end"
                THEN 'has its start ' || start || ' not before its end ' || "end"
            WHEN coalesce(c[6], '.') NOT IN ('+', '-', '.')
                THEN 'has the strand "' || c[6][:40] || '", which is none of + - .'
        END
    FROM (
        SELECT line, c, TRY_CAST(c[2] AS BIGINT) AS start, TRY_CAST(c[3] AS BIGINT) AS "end"
        FROM (
            SELECT line, CASE
                WHEN contains(text, chr(9)) THEN string_split(text, chr(9))
                ELSE string_split_regex(trim(text), ' +')
            END AS c
            FROM batch
            WHERE regexp_matches(text, '[^ \t]')
                AND NOT regexp_matches(text, '^(#|track |browser )')
        )
    )
"""


def load_rows(
    database: duckdb.DuckDBPyConnection,
    annotation_format: AnnotationFormat,
    blocks: Iterable[tuple[int, str]],
) -> None:
    """Create the table ``rows`` from the text of an annotation file.

    Its columns are ``line`` (of the file, from 1), ``place`` (the same; rows that are added later
    get one between two lines), the nine of GFF3 (``start`` and ``end`` 1-based closed) and
    ``problem``: what is wrong with the row, else NULL. A row of BED becomes a gene.

    Args:
        database: an empty database.
        annotation_format: what the text is.
        blocks: whole lines of text, each block with the number of its first line.
    """
    database.execute(_CREATE_ROWS)
    statement = _INSERT_BED if annotation_format == "bed" else _INSERT_GFF
    for first_line, block in blocks:
        texts = block.split("\n")[:-1]
        lines = np.arange(first_line, first_line + len(texts))
        execute_with_batch(database, statement, {"line": lines, "text": text_column(texts)})
