"""Gene models as a table for people: one row per transcript."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from transgenic_dagster.gene_models.gene_model import GeneModel, Transcript

if TYPE_CHECKING:
    import pandas as pd


def transcript_table(genes: Iterable[GeneModel]) -> "pd.DataFrame":
    """Table of gene models, one row per transcript; ``start`` and ``end`` are 0-based half-open.

    Columns: gene, transcript (its number), seqid, strand, start, end, exons, cds_length (nt),
    protein_length (amino acids, the stop not counted), confidence (of the gene), phase_adjusted,
    and what the DNA says of the transcript, named as in ``TranscriptQuality``.
    """
    import pandas as pd  # slow to import, and most runs need no table

    return pd.DataFrame([_row(gene, t) for gene in genes for t in gene.transcripts])


def _row(gene: GeneModel, transcript: Transcript) -> dict[str, Any]:
    structure, quality = transcript.structure, asdict(transcript.quality)
    protein, _, _ = (quality.pop(name) for name in ("protein", "cds", "cdna"))
    return {
        "gene": gene.gm_id,
        "transcript": transcript.number,
        "seqid": gene.seqid,
        "strand": gene.strand,
        "start": structure.start,
        "end": structure.end,
        "exons": len(structure.exons),
        "cds_length": sum(part.end - part.start for part in structure.cds),
        "protein_length": len(protein),
        "confidence": gene.confidence,
        "phase_adjusted": transcript.phase_adjusted,
        **quality,
    }
