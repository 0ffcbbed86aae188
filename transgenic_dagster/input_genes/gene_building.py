"""Building genes where an annotation has none, from gene_ids, transcripts or their parts.

Rows are added to the table ``rows`` under negative line numbers, so that the sorted annotation
holds every feature that its rows name as a parent.
"""

from collections.abc import Sequence

import duckdb

from transgenic_dagster.input_genes.membership import CREATE_TYPE_MACROS, create_members

# BRAKER names a transcript on two rows, of type transcript and mRNA; an ID belongs to one.
_DROP_REPEATED_IDS = """
    UPDATE rows
    SET attributes = regexp_replace(attributes, '^ID=[^;]*;', '')
    FROM (
        SELECT line
        FROM rows
        WHERE problem IS NULL AND is_transcript_type(type)
            AND starts_with(attributes, 'ID=')
        QUALIFY row_number() OVER (
            PARTITION BY seqid, attribute(attributes, 'ID') ORDER BY type DESC, line
        ) > 1
    ) AS repeated
    WHERE rows.line = repeated.line AND contains(attributes, ';Parent=')
"""

_INSERT_GENES = """
    INSERT INTO rows
    SELECT -row_number() OVER (ORDER BY seqid, min(start), max("end"), gene),
        min(line) - 0.5, seqid, min(source), 'gene', min(start), max("end"), '.',
        CASE WHEN count(DISTINCT strand) = 1 THEN min(strand) ELSE '.' END,
        '.', 'ID=' || gene_row_id, NULL
    FROM members
    GROUP BY seqid, gene, gene_row_id
"""

_LINK_MEMBERS_TO_GENES = """
    UPDATE rows
    SET attributes = rtrim(attributes, '; ') || ';Parent=' || gene_row_id
    FROM members
    WHERE rows.line = members.line AND parent_ids = []
"""

_INSERT_TRANSCRIPTS = """
    INSERT INTO rows
    WITH parts AS (
        SELECT line, seqid, source, start, "end", strand, parent_ids[1] AS transcript, gene_row_id
        FROM members
        WHERE parent_ids[1] <> gene
        UNION
        SELECT line, seqid, source, start, "end", strand, parent_ids[1], gene_id
        FROM links
        WHERE $1 AND gene_id IS NOT NULL AND parent_ids[1] <> gene_id
            AND line NOT IN (SELECT line FROM members)
    )
    SELECT (SELECT least(min(line), 0) FROM rows)
            - row_number() OVER (ORDER BY seqid, min(start), max("end"), transcript),
        min(line) - 0.25, seqid, min(source), 'transcript', min(start), max("end"), '.',
        CASE WHEN count(DISTINCT strand) = 1 THEN min(strand) ELSE '.' END,
        '.', 'ID=' || transcript || ';Parent=' || min(gene_row_id), NULL
    FROM parts
    WHERE (seqid, transcript) NOT IN (SELECT seqid, id FROM named)
        AND (seqid, transcript) NOT IN (SELECT seqid, gene FROM members)
    GROUP BY seqid, transcript
"""


def add_missing_parents(
    database: duckdb.DuckDBPyConnection, feature_types: Sequence[str], *, was_gtf: bool
) -> None:
    """Add the genes and transcripts that ``rows`` needs but does not hold.

    A gene is added wherever transcripts or their parts belong to none (see ``membership``). It
    spans its parts and has their strand (``.`` where they differ). Its ID is its name, with
    ``.gene`` appended where another row has the same.

    Args:
        database: holds the table ``rows``, with column 9 in GFF3.
        feature_types: types of rows that count as genes; no gene is added unless ``gene`` is one.
        was_gtf: whether column 9 of the file was not GFF3.
    """
    database.execute(CREATE_TYPE_MACROS)
    if was_gtf:
        database.execute(_DROP_REPEATED_IDS)
    create_members(database, list(feature_types))
    if "gene" not in feature_types:
        database.execute("DELETE FROM members")
    database.execute(_INSERT_GENES)
    database.execute(_LINK_MEMBERS_TO_GENES)
    database.execute(_INSERT_TRANSCRIPTS, [was_gtf])
    for table in ("members", "links", "named"):
        database.execute(f"DROP TABLE {table}")
