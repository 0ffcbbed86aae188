"""Deciding which genes become regions, and why the others do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from transgenic_dagster.errors import InputError
from transgenic_dagster.genome.gene_list import Gene
from transgenic_dagster.genome.gff3 import decode
from transgenic_dagster.genome.region import Region, SkippedInput
from transgenic_dagster.genome.seqid_hints import SeqidHints, examples
from transgenic_dagster.genome.windows import MAX_WINDOW, WindowRule, plan_window


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
) -> RegionPlan:
    """Plan the window of every gene; no sequence is read.

    Args:
        genes: the gene list.
        lengths: length (nt) of each sequence of the FASTA file.
        window_rule: see ``plan_window``.
        max_window: longest window that the model can read.

    Returns:
        A plan in which every gene is exactly one region or one skipped input.

    Raises:
        InputError: there is not one usable gene.
    """
    plan = RegionPlan()
    hints = SeqidHints(lengths)
    for gene in genes:
        seqid = gene.seqid if gene.seqid in lengths else decode(gene.seqid)
        if seqid not in lengths:
            similar = hints.similar(seqid)
            hint = f" (it has {similar}, which may be the same)" if similar else ""
            plan.skipped.append(
                _skip(gene, "unknown_sequence", f"the FASTA file has no sequence {seqid}{hint}")
            )
        elif gene.end > lengths[seqid]:
            plan.skipped.append(
                _skip(
                    gene,
                    "outside_sequence",
                    f"it ends at {gene.end}, but {seqid} is only {lengths[seqid]} nt long",
                )
            )
        else:
            window = plan_window(gene.start, gene.end, lengths[seqid], max_window, window_rule)
            if window is None:
                plan.skipped.append(
                    _skip(
                        gene,
                        "window_too_long",
                        f"it is {gene.end - gene.start} nt long, and its window would be longer"
                        f" than the {max_window} nt that the model reads",
                    )
                )
            else:
                plan.regions.append(
                    Region(
                        region_id=len(plan.regions),
                        gene_id=gene.gene_id,
                        seqid=seqid,
                        gene_start=gene.start,
                        gene_end=gene.end,
                        strand=gene.strand,
                        window_start=window[0],
                        window_end=window[1],
                    )
                )
    if not plan.regions:
        raise _nothing_usable(plan.skipped, lengths)
    return plan


def _skip(gene: Gene, reason: str, why: str) -> SkippedInput:
    where = f"line {gene.line}: " if gene.line else ""
    return SkippedInput(
        reason=reason,
        detail=f"{where}gene {gene.gene_id} is skipped because {why}.",
        line=gene.line,
        gene_id=gene.gene_id,
        seqid=gene.seqid,
        gene_start=gene.start,
        gene_end=gene.end,
        strand=gene.strand,
    )


def _nothing_usable(skipped: list[SkippedInput], lengths: Mapping[str, int]) -> InputError:
    """Return the error for an annotation of which no gene can be used."""
    if not skipped:
        return InputError("The annotation has no genes.")
    if any(skip.reason != "unknown_sequence" for skip in skipped):
        return InputError(
            f"None of the {len(skipped)} genes of the annotation can be used; the first:"
            f" {skipped[0].detail}"
        )
    names = list(dict.fromkeys(skip.seqid for skip in skipped))
    similar = SeqidHints(lengths).similar(names[0])
    hint = f" ({names[0]} may be {similar})" if similar else ""
    return InputError(
        f"None of the {len(skipped)} genes of the annotation lies on a sequence of the FASTA file:"
        f" the annotation names {examples(names)}, the FASTA file {examples(list(lengths))}{hint};"
        " rename the sequences in one of them."
    )
