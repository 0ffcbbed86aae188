"""The table of boundaries that refinement moved, one row per move (``--refinements``)."""

from typing import TextIO

from transgenic_dagster.gene_models.gene_model import GeneModel, Move, Transcript
from transgenic_dagster.gene_models.gff3_writer import MRNA
from transgenic_dagster.gene_models.gsf_table import escape
from transgenic_dagster.gene_models.identifiers import feature_id

COLUMNS = ("gene", "transcript", "boundary", "from", "to", "cost")


class RefinementTable:
    """Writes tab-separated rows to an open text file, a header first.

    ``gene`` is the input gene's identifier, ``transcript`` the ID of the mRNA in the GFF3. ``from``
    and ``to`` are positions as GFF3 has them, 1-based: of the first or last base of the exon or CDS
    whose end the boundary is. Control characters of identifiers, and the percent sign, are
    percent-encoded.
    """

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        handle.write("\t".join(COLUMNS) + "\n")

    def write_gene(self, gene: GeneModel) -> None:
        """Write all moves of a gene."""
        for transcript in gene.transcripts:
            for move in transcript.refinement.moves if transcript.refinement else ():
                self.write(gene, transcript, move)

    def write(self, gene: GeneModel, transcript: Transcript, move: Move) -> None:
        """Write one move."""
        opens_part = move.boundary.startswith("start") or "acceptor" in move.boundary
        first_base = 1 if opens_part == (gene.strand == "+") else 0
        row = (
            escape(gene.gm_id),
            escape(feature_id(MRNA, gene.name, transcript.number)),
            escape(move.boundary),
            str(move.old + first_base),
            str(move.new + first_base),
            f"{move.cost:.4f}",
        )
        self._handle.write("\t".join(row) + "\n")
