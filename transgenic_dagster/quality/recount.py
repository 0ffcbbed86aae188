"""Recount of the genes in the final files, compared with the input."""

import json
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from transgenic_dagster.gene_models.accounting import genes_for_model
from transgenic_dagster.gene_models.completed_check import check_completed
from transgenic_dagster.gene_models.gff3_check import check_gff3
from transgenic_dagster.input_genes.gff3 import decode
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
        skipped: those that have no region, by reason.
        faults: phrases on what does not add up; none where all is well.
    """

    genes: int
    regions: int
    annotated: int
    rejected: int
    skipped: Counter[str]
    faults: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Numbers of genes by name of the count."""
        return {
            "genes": self.genes,
            "annotated": self.annotated,
            "rejected": self.rejected,
            "skipped": self.skipped.total(),
        }

    @property
    def for_model(self) -> int:
        """Genes that the model could have annotated."""
        return genes_for_model(self.genes, self.skipped)


def recount(region_db: Path, gff3: Path, reject_report: Path) -> Recount:
    """Compare the final files with the region database, gene by gene.

    Args:
        region_db: region database of the run.
        gff3: final annotation.
        reject_report: final reject report.
    """
    annotated = Counter(check_gff3(gff3).genes)
    rejected = _rejected(reject_report) - annotated.keys()
    doubled = {"genes twice in the GFF3": {name for name, n in annotated.items() if n > 1}}
    return _compared(region_db, annotated.keys(), rejected, doubled)


def recount_completed(
    region_db: Path, gff3: Path, reject_report: Path, sentences: Path, sorted_input: Path
) -> Recount:
    """Compare the files of an annotation that was completed with its input, row by row.

    Args:
        region_db: region database of the run.
        gff3: the completed annotation.
        reject_report: final reject report.
        sentences: table of all sentences, which says what became of each region.
        sorted_input: the input as the run sorted it.
    """
    statuses = dict[str, set[str]]()
    with read_output(sentences) as lines:
        next(lines)
        for line in lines:
            name, _, _, _, status, _ = line.split("\t", 5)
            statuses.setdefault(status, set()).add(decode(name))
    annotated, rejected = (statuses.get(status, set()) for status in ("annotated", "rejected"))
    found = check_completed(gff3, sorted_input)
    faults = {
        "genes rejected without a reason": rejected - _rejected(reject_report),
        "genes that gain isoforms of a rejected sentence": found.gained.keys() - annotated,
    }
    compared = _compared(region_db, annotated, rejected, faults)
    return replace(compared, faults=(*found.faults, *compared.faults))


def _rejected(reject_report: Path) -> set[str]:
    """Genes with a line on what the model wrote, or was given."""
    with read_output(reject_report) as lines:
        rejects = map(json.loads, lines)
        return {reject["gm_id"] for reject in rejects if reject["pred_raw"] is not None}


def _compared(
    region_db: Path,
    annotated: Set[str],
    rejected: Set[str],
    more_faults: Mapping[str, Set[str]],
) -> Recount:
    """Compare counted genes with the region database."""
    with RegionDb(region_db) as database:
        expected = {region.gene_id for region in database.regions()}
        skipped = Counter(str(one.reason) for one in database.skipped() if one.is_gene)
        genes = database.input_gene_count()
    found = {
        **more_faults,
        "genes that the input does not have": (annotated | rejected) - expected,
        "genes neither annotated nor rejected": expected - annotated - rejected,
    }
    faults = [
        f"{what}: {', '.join(sorted(names)[:_EXAMPLES])}" for what, names in found.items() if names
    ]
    accounted = len(annotated) + len(rejected) + skipped.total()
    if accounted != genes:
        verb = "is" if accounted == 1 else "are"
        faults.append(
            f"the input has {counted(genes, 'gene')} but {accounted:,} {verb} accounted for"
        )
    return Recount(genes, len(expected), len(annotated), len(rejected), skipped, tuple(faults))


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
