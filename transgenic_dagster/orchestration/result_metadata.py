"""Metadata on the pages of the two final assets: counts, tables and pictures."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from transgenic_dagster.gene_models.accounting import Accounting
from transgenic_dagster.gene_models.gene_model import Orf
from transgenic_dagster.quality.pictures import SKIPPED, GenePlace, genome_map, reason_bars
from transgenic_dagster.quality.tables import outcome_table, table
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.result_paths import ResultPaths

EXAMPLES = 10
_LONGEST_EXAMPLE = 200


def gff3_metadata(folder: RunFolder, paths: ResultPaths, accounting: Accounting) -> dict[str, Any]:
    """Counts by outcome, and a map of the genes along the genome."""
    with RegionDb(folder.region_db) as database:
        lengths = database.sequence_lengths()
        picture = genome_map(lengths, _places(database, paths))
    return {
        "path": dg.MetadataValue.path(paths.gff3),
        "genes": accounting.total,
        "annotated": accounting.annotated,
        "rejected": accounting.rejected.total(),
        "skipped": accounting.skipped.total(),
        "outcomes": dg.MetadataValue.md(
            outcome_table(
                {
                    "annotated": {"": accounting.annotated},
                    "rejected": accounting.rejected,
                    "skipped": accounting.skipped,
                }
            )
        ),
        **_reading_frames(accounting),
        "genome_map": dg.MetadataValue.md(picture),
        **{
            name: dg.MetadataValue.path(path)
            for name, path in (
                ("proteins", paths.proteins),
                ("sentences", paths.gsf),
                ("refinements", paths.refinements),
            )
            if path is not None
        },
    }


def _reading_frames(accounting: Accounting) -> dict[str, Any]:
    """Transcripts by reading frame, where they were refined."""
    if not accounting.orf:
        return {}
    complete = accounting.orf[Orf.COMPLETE] / accounting.orf.total()
    frames = sorted(accounting.orf.items(), key=lambda item: (-item[1], item[0]))
    return {
        "complete_frames_percent": round(100 * complete, 1),
        "reading_frames": dg.MetadataValue.md(table(("reading frame", "transcripts"), frames)),
    }


def reject_metadata(paths: ResultPaths) -> dict[str, Any]:
    """Counts by reason, with a few examples."""
    reasons: Counter[str] = Counter()
    examples: list[tuple[str, str, str]] = []
    with paths.rejects.open(encoding="utf-8") as lines:
        for line in lines:
            reject = json.loads(line)
            reasons[reject["reason"]] += 1
            if len(examples) < EXAMPLES:
                gene, sequence = reject["gm_id"] or "", reject["chrom"] or ""
                examples.append((gene, sequence, reject["error"][:_LONGEST_EXAMPLE]))
    by_count = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    metadata: dict[str, Any] = {
        "path": dg.MetadataValue.path(paths.rejects),
        "lines": reasons.total(),
        "reasons": dg.MetadataValue.md(table(("reason", "lines"), by_count)),
        "examples": dg.MetadataValue.md(table(("gene", "sequence", "error"), examples)),
    }
    if reasons:
        metadata["reason_bars"] = dg.MetadataValue.md(reason_bars(reasons))
    return metadata


def _places(database: RegionDb, paths: ResultPaths) -> Iterator[GenePlace]:
    """Yield all genes; the GSF table has one row per region, in the same order."""
    if paths.gsf is None:
        return
    csv.field_size_limit(sys.maxsize)
    with paths.gsf.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        for region, row in zip(database.regions(), rows, strict=True):
            yield GenePlace(region.seqid, region.gene_start, region.gene_end, row["status"])
    for skipped in database.skipped():
        if skipped.is_gene:
            yield GenePlace(skipped.seqid, skipped.gene_start, skipped.gene_end, SKIPPED)
