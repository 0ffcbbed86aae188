"""Counting what becomes of every row of an annotation, so that nothing is left out unseen."""

from collections.abc import Mapping, Sequence

import duckdb

from transgenic_dagster.input_genes.origin import RowCounts

# What descends from a gene, by ID or by the gene's names; a row may descend from several.
_CREATE_DESCENT = """
    CREATE TABLE descent AS
    WITH RECURSIVE named AS MATERIALIZED (
        SELECT line, seqid,
            nullif(attribute(attributes, 'ID'), '') AS id,
            CASE parents_of(attributes)
                WHEN [] THEN [attribute(attributes, 'gene_id'), attribute(attributes, 'locus_tag')]
                ELSE parents_of(attributes) || [attribute(attributes, 'gene_id')]
            END AS above,
            list_contains($1, type) AS is_gene,
            list_contains($1, type) OR is_gene_type(type) AS is_gene_like,
            [
                attribute(attributes, 'ID'),
                attribute(attributes, 'gene_id'),
                attribute(attributes, 'locus_tag')
            ] AS names
        FROM rows
        WHERE problem IS NULL
    ),
    children AS MATERIALIZED (
        SELECT line, seqid, above_id
        FROM (SELECT line, seqid, unnest(above) AS above_id FROM named)
        WHERE above_id <> ''
    ),
    edges AS MATERIALIZED (
        SELECT DISTINCT seqid, id, unnest(above) AS above_id
        FROM named
        WHERE (seqid, id) IN (SELECT seqid, above_id FROM children)
    ),
    families AS (
        SELECT DISTINCT seqid, name AS id, is_gene
        FROM (SELECT seqid, unnest(names) AS name, is_gene FROM named WHERE is_gene_like)
        WHERE name <> ''
        UNION
        SELECT families.seqid, edges.id, is_gene
        FROM families JOIN edges ON families.seqid = edges.seqid AND families.id = edges.above_id
    )
    SELECT line, bool_or(is_gene) AS is_of_gene
    FROM children JOIN families ON children.seqid = families.seqid AND above_id = families.id
    GROUP BY line
"""

_COUNT_ROWS = """
    SELECT
        CASE
            WHEN problem IS NOT NULL THEN 'malformed'
            WHEN rows.line < 0 THEN CASE WHEN list_contains($1, type) THEN 'built' END
            WHEN list_contains($1, type) THEN 'genes'
            WHEN is_of_gene THEN 'parts'
            WHEN is_of_gene IS NULL
                AND (is_exon_type(type) OR is_coding_type(type) OR is_transcript_type(type))
                THEN 'orphans'
            ELSE 'others'
        END AS fate,
        coalesce(type, '') AS type,
        count(*)
    FROM rows LEFT JOIN descent USING (line)
    GROUP BY ALL
    ORDER BY count(*) DESC, type
"""

_COUNT_BIOTYPES = """
    SELECT biotype, count(*)
    FROM (
        SELECT coalesce(
            nullif(attribute(attributes, 'biotype'), ''),
            nullif(attribute(attributes, 'gene_biotype'), '')
        ) AS biotype
        FROM rows
        WHERE problem IS NULL AND list_contains($1, type)
    )
    WHERE biotype IS NOT NULL
    GROUP BY biotype
    ORDER BY count(*) DESC, biotype
"""


def count_rows(database: duckdb.DuckDBPyConnection, feature_types: Sequence[str]) -> RowCounts:
    """Count the rows of the user's file by what they are used for.

    Args:
        database: holds the table ``rows`` after ``add_missing_parents``.
        feature_types: types of rows that count as genes.
    """
    types = [list(feature_types)]
    database.execute(_CREATE_DESCENT, types)
    by_fate: dict[str, dict[str, int]] = {}
    for fate, feature_type, count in database.execute(_COUNT_ROWS, types).fetchall():
        if fate is not None:  # transcripts that were added
            by_fate.setdefault(fate, {})[feature_type] = count
    database.execute("DROP TABLE descent")

    def total(fate: str) -> int:
        return sum(by_fate.get(fate, {}).values())

    biotypes: Mapping[str, int] = dict(database.execute(_COUNT_BIOTYPES, types).fetchall())
    return RowCounts(
        read=sum(map(total, by_fate)) - total("built"),
        genes=total("genes"),
        parts=total("parts"),
        orphans=by_fate.get("orphans", {}),
        others=by_fate.get("others", {}),
        malformed=total("malformed"),
        built=total("built"),
        biotypes=biotypes,
    )
