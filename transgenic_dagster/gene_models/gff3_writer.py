"""Writes gene models as GFF3, one gene at a time; here 0-based half-open becomes 1-based closed."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TextIO

from transgenic_dagster.gene_models.gene_model import (
    GeneModel,
    Interval,
    Transcript,
    TranscriptQuality,
)
from transgenic_dagster.gene_models.identifiers import feature_id
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.input_genes.gff3 import encode_attribute, encode_seqid

SOURCE: Final = "transgenic"
GENE: Final = "gene"
MRNA: Final = "mRNA"
EXON: Final = "exon"

# Where two rows of a transcript start at the same base, the exon comes before what it holds.
_PART_ORDER = (EXON, FIVE_PRIME_UTR, CDS, THREE_PRIME_UTR)


class _Part(NamedTuple):
    kind: str
    interval: Interval
    phase: str
    identifier: str


class Gff3Writer:
    """Writes a header and then genes to an open text file, in the order in which they come.

    Args:
        handle: open UTF-8 text file.
        gm_attribute: name of the attribute with the input gene's id: ``GM`` as published, or
            ``gm``, since the GFF3 specification reserves capitals for itself.
    """

    def __init__(self, handle: TextIO, gm_attribute: Literal["GM", "gm"] = "GM") -> None:
        self._handle = handle
        self._gm_attribute = gm_attribute

    def write_header(
        self, sequence_lengths: Mapping[str, int], provenance: Mapping[str, str]
    ) -> None:
        """Write the version, how the file came about and the length of every sequence.

        Args:
            sequence_lengths: nucleotides by sequence name; empty sequences are left out.
            provenance: what the ``#!`` lines say, such as program version, model and options.
        """
        self._handle.write("##gff-version 3\n")
        for key, value in provenance.items():
            self._handle.write(" ".join(f"#!{key} {value}".split()) + "\n")
        for seqid, length in sequence_lengths.items():
            if length:
                self._handle.write(f"##sequence-region {encode_seqid(seqid)} 1 {length}\n")

    def write_gene(self, gene: GeneModel) -> None:
        """Write a gene, its transcripts and their parts, and close it with ``###``."""
        gene_id = feature_id(GENE, gene.gm_id)
        self._write_row(gene, GENE, Interval(gene.start, gene.end), ".", [("ID", gene_id)])
        for transcript in gene.transcripts:
            self._write_transcript(gene, gene_id, transcript)
        self._handle.write("###\n")

    def _write_transcript(self, gene: GeneModel, gene_id: str, transcript: Transcript) -> None:
        structure = transcript.structure
        transcript_id = feature_id(MRNA, gene.gm_id, transcript.number)
        notes = [("confidence", f"{gene.confidence:.4f}")]
        if transcript.phase_adjusted:
            notes.append(("phase_adjusted", "1"))
        self._write_row(
            gene,
            MRNA,
            Interval(structure.start, structure.end),
            ".",
            [("ID", transcript_id), ("Parent", gene_id)],
            [*notes, *_quality_attributes(transcript.quality)],
        )
        for part in _parts(gene, transcript):
            identity = [("ID", part.identifier), ("Parent", transcript_id)]
            self._write_row(gene, part.kind, part.interval, part.phase, identity)

    def _write_row(
        self,
        gene: GeneModel,
        kind: str,
        interval: Interval,
        phase: str,
        identity: Sequence[tuple[str, str]],
        notes: Sequence[tuple[str, str]] = (),
    ) -> None:
        attributes = [*identity, (self._gm_attribute, gene.gm_id), *notes]
        columns = (
            encode_seqid(gene.seqid),
            SOURCE,
            kind,
            str(interval.start + 1),
            str(interval.end),
            ".",
            gene.strand,
            phase,
            ";".join(f"{name}={encode_attribute(value)}" for name, value in attributes),
        )
        self._handle.write("\t".join(columns) + "\n")


def _parts(gene: GeneModel, transcript: Transcript) -> list[_Part]:
    """Return the parts of a transcript by position; all its CDS parts share one identifier."""
    structure = transcript.structure
    cds_id = feature_id(CDS, gene.gm_id, transcript.number)
    parts = [
        _Part(CDS, Interval(cds.start, cds.end), str(cds.phase), cds_id) for cds in structure.cds
    ]
    for kind, intervals in (
        (EXON, structure.exons),
        (FIVE_PRIME_UTR, structure.five_prime_utrs),
        (THREE_PRIME_UTR, structure.three_prime_utrs),
    ):
        along_strand = intervals if structure.strand == "+" else intervals[::-1]
        for number, interval in enumerate(along_strand, start=1):
            identifier = feature_id(kind, gene.gm_id, transcript.number, number)
            parts.append(_Part(kind, interval, ".", identifier))
    return sorted(parts, key=lambda part: (part.interval.start, _PART_ORDER.index(part.kind)))


def _quality_attributes(quality: TranscriptQuality) -> list[tuple[str, str]]:
    """Return the quality figures of an mRNA row; lower-case names, as GFF3 asks of programs."""
    return [
        ("start_codon", str(int(quality.start_codon))),
        ("stop_codon", str(int(quality.stop_codon))),
        ("inframe_stops", str(quality.inframe_stops)),
        ("canonical_splice", f"{quality.canonical_introns}/{quality.introns}"),
    ]
