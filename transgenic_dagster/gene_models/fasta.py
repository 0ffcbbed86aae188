"""Writes the translation of every predicted transcript as FASTA."""

import re
from typing import TextIO
from urllib.parse import quote

from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.gff3_writer import GENE, MRNA
from transgenic_dagster.gene_models.identifiers import feature_id
from transgenic_dagster.input_genes.gff3 import encode_attribute

COLUMNS = 60


def write_proteins(handle: TextIO, gene: GeneModel) -> None:
    """Write one record ``>mRNA:<id>.t1 gene=gene:<id>`` per transcript of the gene.

    Names are those of the GFF3 with white space percent-encoded too, because a FASTA name ends at
    the first. A transcript without a whole codon has no record.
    """
    gene_name = _fasta_name(feature_id(GENE, gene.gm_id))
    for transcript in gene.transcripts:
        protein = transcript.quality.protein
        if not protein:
            continue
        name = _fasta_name(feature_id(MRNA, gene.gm_id, transcript.number))
        handle.write(f">{name} gene={gene_name}\n")
        for start in range(0, len(protein), COLUMNS):
            handle.write(protein[start : start + COLUMNS] + "\n")


def _fasta_name(identifier: str) -> str:
    return re.sub(r"\s", lambda space: quote(space[0]), encode_attribute(identifier))
