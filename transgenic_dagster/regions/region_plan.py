"""Deciding which genes become regions, and why the others do not."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.regions.region import Region
from transgenic_dagster.regions.windows import MAX_WINDOW, MIN_WINDOW, WindowRule, plan_window
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.sequences.seqid_hints import SeqidHints, examples
from transgenic_dagster.system.wording import counted

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RegionPlan:
    """The regions of a genome, and the genes that have none.

    Args:
        regions: one per usable gene, in the order of the gene list.
        skipped: the other genes, each with its reason.
    """

    regions: list[Region] = field(default_factory=list)
    skipped: list[SkippedInput] = field(default_factory=list)


def plan_regions(
    genes: Iterable[Gene],
    lengths: Mapping[str, int],
    *,
    window_rule: WindowRule = "extended",
    max_window: int = MAX_WINDOW,
    annotation: str = "the annotation",
    fasta: str = "the FASTA file",
) -> RegionPlan:
    """Plan the window of every gene; no sequence is read.

    Args:
        genes: the gene list.
        lengths: length (nt) of each sequence of the FASTA file.
        window_rule: see ``plan_window``.
        max_window: longest window that the model can read.
        annotation: name of the annotation file, for messages.
        fasta: name of the FASTA file, for messages.

    Returns:
        A plan in which every gene is exactly one region or one skipped input; a warning is logged
        where no gene is a region.

    Raises:
        InputError: there is not one gene.
    """
    plan = RegionPlan()
    hints = SeqidHints(lengths)
    for gene in genes:
        seqid = gene.seqid if gene.seqid in lengths else decode(gene.seqid)
        if seqid not in lengths:
            similar = hints.similar(seqid)
            hint = f" (it has {similar}, which may be the same)" if similar else ""
            reason, why = RejectReason.UNKNOWN_SEQUENCE, f"{fasta} has no sequence {seqid}{hint}"
        elif gene.end > lengths[seqid]:
            reason = RejectReason.OUTSIDE_SEQUENCE
            why = f"it ends at {gene.end}, but {seqid} is only {lengths[seqid]} nt long"
        elif lengths[seqid] < MIN_WINDOW:
            reason = RejectReason.SEQUENCE_TOO_SHORT
            why = f"{seqid} is only {lengths[seqid]} nt long, and the model needs {MIN_WINDOW} nt"
        elif window := plan_window(gene.start, gene.end, lengths[seqid], max_window, window_rule):
            plan.regions.append(_region(len(plan.regions), gene, seqid, window))
            continue
        else:
            reason = RejectReason.WINDOW_TOO_LONG
            why = (
                f"it is {gene.end - gene.start} nt long, and its window would be longer than the"
                f" {max_window} nt that the model reads"
            )
        where = f"{annotation}, line {gene.line}" if gene.line else annotation
        detail = f"{where}: gene {gene.gene_id} is skipped because {why}."
        plan.skipped.append(SkippedInput.of_gene(gene, reason, detail))
    if not (plan.regions or plan.skipped):
        raise InputError(f"{annotation} has no genes.")
    if not plan.regions:
        logger.warning("%s", _nothing_usable(plan.skipped, lengths, annotation, fasta))
    return plan


def _region(region_id: int, gene: Gene, seqid: str, window: tuple[int, int]) -> Region:
    return Region(
        region_id=region_id,
        gene_id=gene.gene_id,
        seqid=seqid,
        gene_start=gene.start,
        gene_end=gene.end,
        strand=gene.strand,
        window_start=window[0],
        window_end=window[1],
    )


def _nothing_usable(
    skipped: list[SkippedInput], lengths: Mapping[str, int], annotation: str, fasta: str
) -> str:
    """Return the warning for an annotation without a usable gene."""
    count = counted(len(skipped), "gene")
    if any(skip.reason != RejectReason.UNKNOWN_SEQUENCE for skip in skipped):
        return f"no gene model is made: {count} of {annotation} skipped; first, {skipped[0].detail}"
    none_lies = f"none of {count} lies" if len(skipped) > 1 else "the only gene does not lie"
    names = list(dict.fromkeys(skip.seqid for skip in skipped))
    similar = SeqidHints(lengths).similar(names[0])
    hint = f" ({names[0]} may be {similar})" if similar else ""
    return (
        f"no gene model is made: {none_lies} on a sequence of {fasta}: {annotation} names"
        f" {examples(names)}, {fasta} names {examples(list(lengths))}{hint}; rename the"
        " sequences in one of them."
    )
