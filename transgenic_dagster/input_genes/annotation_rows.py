"""Loading the rows of an annotation file into DuckDB, each with its fault if it is malformed."""

from collections.abc import Iterable
from functools import reduce

import duckdb
import numpy as np

from transgenic_dagster.input_genes.bulk import execute_with_batch, text_column
from transgenic_dagster.input_genes.gff3 import encode_attribute
from transgenic_dagster.input_genes.recognise import AnnotationFormat

# attribute(attributes, 'ID') is the value of ID in column 9 of GFF3, still encoded, '' if absent.
# Splitting is much faster than the regular expression, which only stray blanks need.
_CREATE_MACROS = """
    CREATE OR REPLACE MACRO trim_blanks(text) AS
        CASE WHEN contains(text, ' ') THEN trim(text) ELSE text END;
    CREATE OR REPLACE MACRO attribute(attributes, key) AS CASE
        WHEN contains(attributes, ' ')
            THEN regexp_extract(attributes, '(?:^|;) *' || key || ' *= *([^;]*[^; ])', 1)
        ELSE coalesce(
            [part for part in string_split(attributes, ';') if starts_with(part, key || '=')][1]
                [strlen(key) + 2:],
            ''
        )
    END;
"""

# percent_encode(text) is for the names of BED, which hold no control characters; % comes first.
_CREATE_PERCENT_ENCODE = "CREATE OR REPLACE MACRO percent_encode(text) AS " + reduce(
    lambda sql, letter: f"replace({sql}, '{letter}', '{encode_attribute(letter)}')", "%;=&,", "text"
)

_DELETE_COMMENTS = r"""
    DELETE FROM lines
    WHERE NOT regexp_matches(text, '[^ \t]') OR regexp_matches(text, '^(#|track |browser )')
"""

_ROWS_OF_GFF = r"""
    CREATE TABLE rows AS
    SELECT line, line::DOUBLE AS file_position, trim_blanks(c[1]) AS seqid, c[2] AS source,
        trim_blanks(c[3]) AS type, start, "end", c[6] AS score,
        CASE trim_blanks(c[7]) WHEN '*' THEN '.' ELSE trim_blanks(c[7]) END AS strand,
        c[8] AS phase, c[9] AS attributes,
        CASE
            WHEN len(c) <> 9
                THEN 'has ' || len(c) || ' tab-separated column'
                    || CASE len(c) WHEN 1 THEN '' ELSE 's' END || ' instead of 9'
            WHEN trim_blanks(c[1]) = '' THEN 'has no sequence name in column 1'
            WHEN trim_blanks(c[3]) = '' THEN 'has no feature type in column 3'
            WHEN NOT regexp_full_match(c[4], ' *[0-9]{1,18} *')
                THEN 'has the start "' || c[4][:40] || '", which is not a whole number'
            WHEN NOT regexp_full_match(c[5], ' *[0-9]{1,18} *')
                THEN 'has the end "' || c[5][:40] || '", which is not a whole number'
            WHEN start < 1 THEN 'has the start ' || start || ', but positions begin at 1'
            WHEN start > "end"
                THEN 'has invalid coordinates ' || start || '..' || "end"
                    || ': the start is after the end'
            WHEN trim_blanks(c[7]) NOT IN ('+', '-', '.', '?', '*')
                THEN 'has the strand "' || c[7][:40] || '", which is not one of + - . ?'
        END AS problem
    FROM (
        SELECT line, c, TRY_CAST(c[4] AS BIGINT) AS start, TRY_CAST(c[5] AS BIGINT) AS "end"
        FROM (SELECT line, string_split(text, chr(9)) AS c FROM lines)
    )
"""

_ROWS_OF_BED = r"""
    CREATE TABLE rows AS
    SELECT line, line::DOUBLE AS file_position, c[1] AS seqid, 'BED' AS source, 'gene' AS type,
        start + 1 AS start, "end",
        CASE WHEN regexp_full_match(c[5], '[0-9.]+') THEN c[5] ELSE '.' END AS score,
        coalesce(c[6], '.') AS strand, '.' AS phase,
        CASE
            WHEN c[4] IN ('', '.') THEN '.'
            ELSE 'ID=' || percent_encode(c[4])
        END AS attributes,
        CASE
            WHEN len(c) < 4
                THEN 'has ' || len(c) || ' column' || CASE len(c) WHEN 1 THEN '' ELSE 's' END
                    || ', but BED with names has at least 4'
            WHEN NOT regexp_full_match(c[2], '[0-9]{1,18}')
                THEN 'has the start "' || c[2][:40] || '", which is not a whole number'
            WHEN NOT regexp_full_match(c[3], '[0-9]{1,18}')
                THEN 'has the end "' || c[3][:40] || '", which is not a whole number'
            WHEN start >= "end"
                THEN 'has invalid coordinates ' || start || '..' || "end"
                    || ': the start is not before the end'
            WHEN coalesce(c[6], '.') NOT IN ('+', '-', '.')
                THEN 'has the strand "' || c[6][:40] || '", which is not one of + - .'
        END AS problem
    FROM (
        SELECT line, c, TRY_CAST(c[2] AS BIGINT) AS start, TRY_CAST(c[3] AS BIGINT) AS "end"
        FROM (
            SELECT line, CASE
                WHEN contains(text, chr(9)) THEN string_split(text, chr(9))
                ELSE string_split_regex(trim(text), ' +')
            END AS c
            FROM lines
        )
    )
"""


def load_rows(
    database: duckdb.DuckDBPyConnection,
    annotation_format: AnnotationFormat,
    blocks: Iterable[tuple[int, str]],
) -> None:
    """Create the table ``rows`` from the text of an annotation file.

    Its columns are ``line`` (of the file, from 1), ``file_position`` (the same; rows that are added
    later get one between two lines), the nine of GFF3 (``start`` and ``end`` 1-based closed) and
    ``problem`` (the fault of a malformed row, else NULL). A row of BED becomes a gene. The macro
    ``attribute`` (column 9, key) returns an attribute.

    Args:
        database: an empty database.
        annotation_format: what the text is (of GTF, only what its rows share with GFF3 counts).
        blocks: whole lines of text, each block with the number of its first line.
    """
    database.execute("CREATE TABLE lines (line BIGINT, text VARCHAR)")
    for first_line, block in blocks:
        texts = block.split("\n")[:-1]
        numbers = np.arange(first_line, first_line + len(texts))
        batch = {"line": numbers, "text": text_column(texts)}
        execute_with_batch(database, "INSERT INTO lines FROM batch", batch)
    database.execute(_DELETE_COMMENTS)
    database.execute(_CREATE_MACROS)
    database.execute(_CREATE_PERCENT_ENCODE)
    database.execute(_ROWS_OF_BED if annotation_format == "bed" else _ROWS_OF_GFF)
    database.execute("DROP TABLE lines")
