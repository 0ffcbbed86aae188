"""Writes the sequences of every predicted transcript as FASTA."""

import re
from typing import Literal, TextIO
from urllib.parse import quote

from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.gff3_writer import GENE, MRNA
from transgenic_dagster.gene_models.identifiers import feature_id
from transgenic_dagster.input_genes.gff3 import encode_attribute

COLUMNS = 60

SequenceKind = Literal["protein", "cds", "cdna"]
"""The translation, the spliced coding sequence, or the spliced exons."""


def write_sequences(handle: TextIO, gene: GeneModel, kind: SequenceKind) -> None:
    """Write one record ``>mRNA:<id>.t1 gene=gene:<id>`` per transcript of the gene.

    Names are those of the GFF3 with white space percent-encoded too, because a FASTA name ends at
    the first. A transcript without a whole codon has no protein and no such record. A coding
    sequence begins with its first whole codon, as in ``gffread -x``.
    """
    gene_name = _fasta_name(feature_id(GENE, gene.name))
    for transcript in gene.transcripts:
        sequence: str = getattr(transcript.quality, kind)
        if kind == "cds":
            sequence = sequence[transcript.structure.first_cds.phase :]
        if not sequence:
            continue
        name = _fasta_name(feature_id(MRNA, gene.name, transcript.number))
        handle.write(f">{name} gene={gene_name}\n")
        for start in range(0, len(sequence), COLUMNS):
            handle.write(sequence[start : start + COLUMNS] + "\n")


def _fasta_name(identifier: str) -> str:
    return re.sub(r"\s", lambda space: quote(space[0]), encode_attribute(identifier))
