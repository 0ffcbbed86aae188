"""Recount of the genes in the final files, compared with the input."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.regions.region_db import RegionDb
from transgenic_dagster.system.output_files import read_output
from transgenic_dagster.system.wording import counted

MOST_EXAMPLES = 10
_EXAMPLES = 5
_LONGEST_EXAMPLE = 200


@dataclass(frozen=True)
class Recount:
    """Numbers of genes as counted in the final files.

    Args:
        genes: genes of the input.
        regions: those of them that the model read.
        annotated: those with a gene model in the GFF3.
        rejected: those with a line in the reject report and no gene model.
        skipped: those that have no region.
        faults: phrases on what does not add up; none where all is well.
    """

    genes: int
    regions: int
    annotated: int
    rejected: int
    skipped: int
    faults: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Numbers of genes by name of the count."""
        return {
            "genes": self.genes,
            "annotated": self.annotated,
            "rejected": self.rejected,
            "skipped": self.skipped,
        }


def recount(region_db: Path, gff3: Path, reject_report: Path) -> Recount:
    """Compare the final files with the region database, gene by gene.

    Args:
        region_db: region database of the run.
        gff3: final annotation.
        reject_report: final reject report.
    """
    with RegionDb(region_db) as database:
        expected = {region.gene_id for region in database.regions()}
        regions = len(database.regions())
        skipped = sum(one.is_gene for one in database.skipped())
        genes = database.input_gene_count()
    annotated = Counter(check_gff3(gff3).genes)
    rejected = set()
    with read_output(reject_report) as lines:
        for line in lines:
            reject = json.loads(line)
            if reject["pred_raw"] is not None and reject["gm_id"] not in annotated:
                rejected.add(reject["gm_id"])
    faults = [
        f"{what}: {', '.join(sorted(names)[:_EXAMPLES])}"
        for what, names in (
            ("genes twice in the GFF3", {name for name, n in annotated.items() if n > 1}),
            ("genes that the input does not have", (annotated.keys() | rejected) - expected),
            ("genes neither annotated nor rejected", expected - annotated.keys() - rejected),
        )
        if names
    ]
    accounted = len(annotated) + len(rejected) + skipped
    if accounted != genes:
        verb = "is" if accounted == 1 else "are"
        faults.append(
            f"the input has {counted(genes, 'gene')} but {accounted:,} {verb} accounted for"
        )
    return Recount(genes, regions, len(annotated), len(rejected), skipped, tuple(faults))


def count_rejects(reject_report: Path) -> tuple[Counter[str], list[tuple[str, str, str]]]:
    """Count the lines of a reject report by reason.

    Returns:
        The counts, and a few examples: gene, sequence, what is said of it.
    """
    reasons, examples = Counter[str](), list[tuple[str, str, str]]()
    with read_output(reject_report) as lines:
        for line in lines:
            reject = json.loads(line)
            reasons[reject["reason"]] += 1
            if len(examples) < MOST_EXAMPLES:
                gene, sequence = reject["gm_id"] or "", reject["chrom"] or ""
                examples.append((gene, sequence, reject["error"][:_LONGEST_EXAMPLE]))
    return reasons, examples
