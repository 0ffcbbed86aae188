"""Translates the coding transcripts of an annotation, for outside programs."""

from collections.abc import Iterable
from pathlib import Path

from transgenic_dagster.gene_models.gene_model import TranscriptStructure
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.report.gene_blocks import GeneBlock, TranscriptRows
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome


def write_proteins(genes: Iterable[GeneBlock], genome: Genome, every: Path, longest: Path) -> None:
    """Write proteins as FASTA, named by number.

    Genes that reach beyond their sequence, or have no strand, are left out.

    Args:
        genes: of an annotation.
        genome: their sequences.
        every: file for all transcripts.
        longest: file for the longest protein of each gene.
    """
    number = 0
    with every.open("w", encoding="utf-8") as all_file, longest.open("w") as longest_file:
        for gene in genes:
            proteins = _proteins(gene, genome)
            for protein in proteins:
                number += 1
                all_file.write(f">t{number}\n{protein}\n")
            if proteins:
                longest_file.write(f">g{number}\n{max(proteins, key=len)}\n")


def _proteins(gene: GeneBlock, genome: Genome) -> list[str]:
    coding = gene.coding
    if not coding or gene.strand not in ("+", "-"):
        return []
    start = min(transcript.cds[0].start for transcript in coding)
    end = max(transcript.cds[-1].end for transcript in coding)
    if end > genome.lengths.get(gene.seqid, 0):
        return []
    window = normalise(genome.fetch(gene.seqid, start, end))
    proteins = (_protein(transcript, gene.strand, window, start) for transcript in coding)
    return [protein for protein in proteins if protein]


def _protein(transcript: TranscriptRows, strand: str, window: str, start: int) -> str:
    structure = TranscriptStructure(strand, tuple(transcript.cds))
    return assess(structure, window, start).protein
