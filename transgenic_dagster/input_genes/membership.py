"""Telling which rows belong to a gene that has no row of its own.

A row belongs to the topmost feature that it descends from. Where that is a row of any type of gene,
also of one that is not wanted, such as ``pseudogene``, the row is covered. Else its gene is named
by the first of: a ``gene_id`` of the row, of what it descends from or of its children; a missing
``Parent``; a ``locus_tag``; the ID of its transcript; for a transcript or coding part without any
of these its own ``ID``, else, on each strand apart, its ``gene``, ``Name`` or ``protein_id``: the
two copies of a gene in the inverted repeats of a plastid are two genes.
"""

import duckdb

from transgenic_dagster.input_genes.feature_types import (
    CODING_PATTERN,
    EXON_PATTERN,
    GENE_PATTERN,
    TRANSCRIPT_PATTERN,
)

CREATE_TYPE_MACROS = f"""
    CREATE OR REPLACE MACRO is_gene_type(type) AS regexp_matches(type, '{GENE_PATTERN}');
    CREATE OR REPLACE MACRO is_transcript_type(type) AS
        regexp_matches(type, '{TRANSCRIPT_PATTERN}');
    CREATE OR REPLACE MACRO is_exon_type(type) AS regexp_matches(type, '{EXON_PATTERN}');
    CREATE OR REPLACE MACRO is_coding_type(type) AS regexp_matches(type, '{CODING_PATTERN}');
    CREATE OR REPLACE MACRO parents_of(attributes) AS
        CASE attribute(attributes, 'Parent')
            WHEN '' THEN []::VARCHAR[]
            ELSE string_split(attribute(attributes, 'Parent'), ',')
        END;
"""

# Parents and children, as written: identifiers are compared in their percent-encoded form. A
# malformed row of a gene still covers what it names, for it is counted where it stands.
_CREATE_LINKS = """
    CREATE TABLE links AS
    SELECT line, seqid, source, type, start, "end", strand, problem IS NULL AS is_good,
        nullif(attribute(attributes, 'ID'), '') AS id,
        nullif(attribute(attributes, 'gene_id'), '') AS gene_id,
        nullif(attribute(attributes, 'locus_tag'), '') AS locus_tag,
        nullif(attribute(attributes, 'Name'), '') AS name,
        nullif(attribute(attributes, 'gene'), '') AS gene_name,
        nullif(attribute(attributes, 'protein_id'), '') AS protein_id,
        parents_of(attributes) AS parent_ids,
        is_exon_type(type) OR is_coding_type(type) OR is_transcript_type(type) AS makes_gene,
        is_coding_type(type) OR is_transcript_type(type) AS stands_alone,
        is_transcript_type(type) AS is_transcript,
        is_gene_type(type) OR list_contains($1, type) AS is_gene_like
    FROM rows
    WHERE problem IS NULL OR is_gene_type(type) OR list_contains($1, type)
"""

_CREATE_NAMED = """
    CREATE TABLE named AS
    SELECT seqid, id, bool_or(is_gene_like) AS is_gene_like, min(gene_id) AS gene_id
    FROM links
    WHERE id IS NOT NULL
    GROUP BY seqid, id
"""

# Names of genes that have rows. A symbol, such as tnpA, may be that of several genes.
_CREATE_GENE_NAMES = """
    CREATE TABLE gene_names AS
    SELECT seqid, name, bool_and(is_symbol) AS is_symbol
    FROM (
        SELECT seqid, unnest([id, gene_id, locus_tag, name, gene_name]) AS name,
            unnest([false, false, false, false, true]) AS is_symbol
        FROM links
        WHERE is_gene_like
    )
    WHERE name IS NOT NULL
    GROUP BY seqid, name
"""

# A gene's own parents do not count, so that a gene is always topmost.
_CREATE_PARENTS = """
    CREATE TABLE parents AS
    WITH RECURSIVE starts AS MATERIALIZED (
        SELECT DISTINCT seqid, unnest(parent_ids) AS id FROM links WHERE NOT is_gene_like
    ),
    edges AS MATERIALIZED (
        SELECT DISTINCT seqid, id, parent_id
        FROM (
            SELECT seqid, id, unnest(parent_ids) AS parent_id
            FROM links
            WHERE id IS NOT NULL AND NOT is_gene_like AND (seqid, id) IN (FROM starts)
        )
        WHERE parent_id <> id
    ),
    climbs AS (
        SELECT seqid, id, id AS ancestor FROM starts
        UNION
        SELECT climbs.seqid, climbs.id, edges.parent_id
        FROM climbs JOIN edges ON climbs.seqid = edges.seqid AND climbs.ancestor = edges.id
    ),
    facts AS (
        SELECT climbs.seqid, climbs.id,
            coalesce(bool_or(named.is_gene_like), false) AS is_covered,
            min(named.gene_id) AS gene_id
        FROM climbs LEFT JOIN named
            ON climbs.seqid = named.seqid AND climbs.ancestor = named.id
        GROUP BY climbs.seqid, climbs.id
    )
    SELECT seqid, id, is_covered, gene_id, ancestor AS top,
        (seqid, ancestor) IN (SELECT seqid, id FROM named) AS top_is_named
    FROM climbs JOIN facts USING (seqid, id)
    WHERE (seqid, ancestor) NOT IN (SELECT seqid, id FROM edges)
"""

# Rows without a parent, each with the name of its gene.
_CREATE_TOPMOST = """
    CREATE TABLE topmost AS
    WITH children AS (
        SELECT seqid, unnest(parent_ids) AS id, gene_id, locus_tag FROM links WHERE makes_gene
    ),
    names AS (
        SELECT seqid, id, min(gene_id) AS child_gene_id, min(locus_tag) AS child_locus_tag
        FROM children
        GROUP BY seqid, id
    ),
    labelled AS (
        SELECT *, coalesce(gene_name, name, protein_id) AS label
        FROM links
        WHERE parent_ids = [] AND NOT is_gene_like
    )
    SELECT line, seqid, id, gene_name,
        coalesce(gene_id, child_gene_id, locus_tag, child_locus_tag) AS given_name,
        CASE
            WHEN id IS NOT NULL AND (stands_alone OR names.id IS NOT NULL) THEN id
            WHEN stands_alone THEN label || CASE
                WHEN min(strand) OVER label_rows = max(strand) OVER label_rows THEN ''
                WHEN strand = '+' THEN '.plus'
                WHEN strand = '-' THEN '.minus'
                ELSE ''
            END
        END AS own_name
    FROM labelled LEFT JOIN names USING (seqid, id)
    WHERE makes_gene OR names.id IS NOT NULL OR gene_id IS NOT NULL
    WINDOW label_rows AS (PARTITION BY seqid, label, id IS NULL)
"""

_CREATE_CANDIDATES = """
    CREATE TABLE candidates AS
    WITH children AS (
        SELECT line, seqid, is_transcript, gene_id, locus_tag, unnest(parent_ids) AS parent_id
        FROM links
        WHERE NOT is_gene_like
    ),
    keys AS (
        SELECT seqid, id, min(given_name) AS given_name, min(own_name) AS own_name
        FROM topmost
        WHERE id IS NOT NULL
        GROUP BY seqid, id
    )
    SELECT line, seqid, coalesce(given_name, own_name) AS gene,
        given_name IS NOT NULL
            OR coalesce((seqid, gene_name) NOT IN (SELECT seqid, name FROM gene_names), false)
            AS is_given,
        false AS is_covered
    FROM topmost
    UNION ALL
    SELECT line, children.seqid,
        CASE
            WHEN is_covered THEN coalesce(children.gene_id, locus_tag)
            WHEN children.gene_id IS NOT NULL THEN children.gene_id
            WHEN parents.gene_id IS NOT NULL THEN parents.gene_id
            WHEN top_is_named THEN coalesce(given_name, own_name)
            WHEN top = parent_id AND NOT is_transcript THEN coalesce(locus_tag, top)
            ELSE top
        END,
        NOT top_is_named OR children.gene_id IS NOT NULL OR parents.gene_id IS NOT NULL
            OR given_name IS NOT NULL,
        is_covered
    FROM children
    JOIN parents ON children.seqid = parents.seqid AND children.parent_id = parents.id
    LEFT JOIN keys ON parents.seqid = keys.seqid AND parents.top = keys.id
"""

_CREATE_MEMBERS = """
    CREATE TABLE members AS
    WITH loci AS (
        SELECT candidates.seqid, gene, bool_or(is_given) AS is_given, min(start) AS start,
            max("end") AS "end", min(strand) AS strand
        FROM candidates JOIN links USING (line)
        WHERE gene IS NOT NULL
        GROUP BY candidates.seqid, gene
        HAVING bool_or(makes_gene) AND NOT bool_or(is_covered)
            AND (candidates.seqid, gene) NOT IN (
                SELECT seqid, name FROM gene_names WHERE NOT is_symbol
            )
    ),
    strands AS (SELECT unnest(['+', '-', '.', '?']) AS strand),
    gene_rows AS (
        SELECT seqid, strands.strand, start,
            max("end") OVER (PARTITION BY seqid, strands.strand ORDER BY start) AS "end"
        FROM links JOIN strands ON links.strand IN (strands.strand, '.', '?')
        WHERE is_gene_like AND is_good
    ),
    free AS (
        SELECT loci.seqid, gene
        FROM loci ASOF LEFT JOIN gene_rows
            ON loci.seqid = gene_rows.seqid AND loci.strand = gene_rows.strand
            AND loci.start >= gene_rows.start
        WHERE is_given OR gene_rows."end" IS NULL OR gene_rows."end" < loci."end"
    )
    SELECT DISTINCT links.*, gene,
        gene || CASE
            WHEN (links.seqid, gene) IN (SELECT seqid, id FROM named) THEN '.gene'
            ELSE ''
        END AS gene_row_id
    FROM candidates
    JOIN free USING (seqid, gene)
    JOIN links USING (line)
"""


def create_members(database: duckdb.DuckDBPyConnection, feature_types: list[str]) -> None:
    """Create the tables ``links``, of all rows, and ``members``, of those that need a gene.

    Both have the columns ``line``, ``seqid``, ``source``, ``type``, ``start``, ``end``, ``strand``,
    ``id``, ``gene_id``, ``parent_ids``; ``members`` also ``gene``, the name of the gene, and
    ``gene_row_id``, the ID of the row to make for it, which no other row of the sequence has.

    A feature without a name for its gene other than its own is also covered where a row of a gene
    on its strand contains it.

    Args:
        database: holds the table ``rows``, with column 9 in GFF3.
        feature_types: types of rows that count as genes.
    """
    database.execute(_CREATE_LINKS, [feature_types])
    for statement in (
        _CREATE_NAMED,
        _CREATE_GENE_NAMES,
        _CREATE_PARENTS,
        _CREATE_TOPMOST,
        _CREATE_CANDIDATES,
        _CREATE_MEMBERS,
    ):
        database.execute(statement)
    for table in ("gene_names", "parents", "topmost", "candidates"):
        database.execute(f"DROP TABLE {table}")
