"""Building genes for annotations that have none, from gene_ids, transcripts or their parts.

Rows are added to the table ``rows`` under negative line numbers, so that the sorted annotation
holds every feature that its rows name as a parent.
"""

from collections.abc import Sequence

import duckdb

from transgenic_dagster.input_genes.feature_types import (
    EXON_PATTERN,
    GENE_PATTERN,
    TRANSCRIPT_PATTERN,
)

_CREATE_MACROS = f"""
    CREATE OR REPLACE MACRO is_gene_type(type) AS regexp_matches(type, '{GENE_PATTERN}');
    CREATE OR REPLACE MACRO is_transcript_type(type) AS
        regexp_matches(type, '{TRANSCRIPT_PATTERN}');
    CREATE OR REPLACE MACRO is_exon_type(type) AS regexp_matches(type, '{EXON_PATTERN}');
"""

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

# Parents and children, as written: identifiers are compared in their percent-encoded form.
_CREATE_LINKS = """
    CREATE TABLE links AS
    SELECT line, seqid, source, type, start, "end", strand,
        attribute(attributes, 'ID') AS id,
        attribute(attributes, 'gene_id') AS gene_id,
        string_split(attribute(attributes, 'Parent'), ',') AS parent_ids,
        is_exon_type(type) OR is_transcript_type(type) AS makes_gene,
        is_transcript_type(type) AS is_transcript,
        is_gene_type(type) AS is_gene_like
    FROM rows
    WHERE problem IS NULL
"""

# The gene of a row is its gene_id, else the topmost feature that it descends from, provided that
# this is not a row of another type of gene, such as pseudogene.
_CREATE_MEMBERS = """
    CREATE TABLE members AS
    WITH named AS (SELECT DISTINCT seqid, id FROM links WHERE id <> ''),
    children AS (
        SELECT line, seqid, unnest(parent_ids) AS parent_id
        FROM links
        WHERE gene_id = '' AND parent_ids <> ['']
    ),
    parents AS (
        SELECT DISTINCT links.seqid, links.id, is_gene_like, unnest(parent_ids) AS grandparent_id
        FROM links
        WHERE id <> '' AND (seqid, id) IN (SELECT seqid, parent_id FROM children)
    ),
    genes AS (
        SELECT line, seqid, gene_id AS gene FROM links WHERE gene_id <> ''
        UNION ALL
        SELECT line, seqid, id FROM links
        WHERE gene_id = '' AND parent_ids = [''] AND id <> '' AND NOT is_gene_like
            AND (is_transcript OR (seqid, id) IN (SELECT seqid, parent_id FROM children))
        UNION ALL
        SELECT line, children.seqid, CASE
            WHEN parents.id IS NULL THEN parent_id
            WHEN grandparent_id = '' AND NOT is_gene_like THEN parent_id
            WHEN (children.seqid, grandparent_id) NOT IN (FROM named)
                THEN nullif(grandparent_id, '')
        END
        FROM children LEFT JOIN parents
            ON children.seqid = parents.seqid AND children.parent_id = parents.id
    )
    SELECT links.*, gene, (links.seqid, gene) IN (FROM named) AS is_taken
    FROM genes JOIN links USING (line)
    WHERE gene IS NOT NULL
    QUALIFY bool_or(makes_gene) OVER (PARTITION BY links.seqid, gene)
"""

_INSERT_GENES = """
    INSERT INTO rows
    SELECT -row_number() OVER (ORDER BY seqid, min(start), max("end"), gene),
        min(line) - 0.5, seqid, min(source), 'gene', min(start), max("end"), '.',
        CASE WHEN count(DISTINCT strand) = 1 THEN min(strand) ELSE '.' END,
        '.', 'ID=' || gene || CASE WHEN is_taken THEN '.gene' ELSE '' END, NULL
    FROM members
    GROUP BY seqid, gene, is_taken
"""

_LINK_TRANSCRIPTS_TO_GENES = """
    UPDATE rows
    SET attributes = rtrim(attributes, '; ') || ';Parent=' || id || '.gene'
    FROM members
    WHERE rows.line = members.line AND is_taken AND members.id = members.gene
"""

_INSERT_TRANSCRIPTS = """
    INSERT INTO rows
    WITH named AS (SELECT DISTINCT seqid, id FROM links WHERE id <> ''),
    parts AS (
        SELECT links.*, parent_ids[1] AS transcript
        FROM links
        WHERE gene_id <> '' AND parent_ids[1] NOT IN ('', gene_id)
            AND (seqid, parent_ids[1]) NOT IN (FROM named)
    )
    SELECT (SELECT least(min(line), 0) FROM rows)
            - row_number() OVER (ORDER BY seqid, min(start), max("end"), transcript),
        min(line) - 0.25, seqid, min(source), 'transcript', min(start), max("end"), '.',
        CASE WHEN count(DISTINCT strand) = 1 THEN min(strand) ELSE '.' END,
        '.', 'ID=' || transcript || ';Parent=' || min(gene_id), NULL
    FROM parts
    GROUP BY seqid, transcript
"""


def add_missing_parents(
    database: duckdb.DuckDBPyConnection, feature_types: Sequence[str], *, was_gtf: bool
) -> None:
    """Add the genes, and for GTF the transcripts, that ``rows`` names but does not hold.

    Genes are added only where no row has one of ``feature_types``: one per ``gene_id``, else per
    ``Parent`` of a transcript, else per transcript, which is whatever exons and CDS have as their
    ``Parent``. A gene spans its parts and has their strand (``.`` where they differ). Its ID is
    theirs, with ``.gene`` appended where a transcript's row has the same.

    Args:
        database: holds the table ``rows``, with column 9 in GFF3.
        feature_types: types of rows that count as genes; nothing is added unless ``gene`` is one.
        was_gtf: whether column 9 of the file was not GFF3.
    """
    ((genes,),) = database.execute(
        "SELECT count(*) FROM rows WHERE list_contains($1, type)", [list(feature_types)]
    ).fetchall()
    needs_genes = genes == 0 and "gene" in feature_types
    if not needs_genes and not was_gtf:
        return
    database.execute(_CREATE_MACROS)
    if was_gtf:
        database.execute(_DROP_REPEATED_IDS)
    database.execute(_CREATE_LINKS)
    if needs_genes:
        database.execute(_CREATE_MEMBERS)
        database.execute(_INSERT_GENES)
        database.execute(_LINK_TRANSCRIPTS_TO_GENES)
        database.execute("DROP TABLE members")
    if was_gtf:
        database.execute(_INSERT_TRANSCRIPTS)
    database.execute("DROP TABLE links")
