"""Genes with their isoforms, where a file also hangs exons or CDS on the gene itself.

gffcompare counts such parts as one more transcript. As an isoform they are none: they repeat those
of the transcripts, or hold the CDS of the only one.
"""

import dataclasses
from collections.abc import Iterable

from transgenic_dagster.evaluation.segments import merge
from transgenic_dagster.evaluation.transcripts import LARGEST_GAP_IN_EXON, Transcript, by_gene


def isoforms(transcripts: Iterable[Transcript]) -> list[Transcript]:
    """Return the transcripts without parts of genes that have transcripts.

    CDS of a gene stays on its own only where it has several transcripts and none has CDS.

    Args:
        transcripts: of one sequence.
    """
    return [one for gene in by_gene(transcripts).values() for one in _isoforms(gene)]


def _isoforms(gene: list[Transcript]) -> list[Transcript]:
    own = [one for one in gene if one.is_gene]
    others = [one for one in gene if not one.is_gene]
    if not own or not others:
        return gene
    coding = next((one for one in own if one.cds), None)
    if coding is None or any(one.cds for one in others):
        return others
    if len(others) > 1:
        return gene
    exons = tuple(merge([*others[0].exons, *coding.cds], LARGEST_GAP_IN_EXON))
    return [dataclasses.replace(others[0], exons=exons, cds=coding.cds, phases=coding.phases)]
