"""Writes gene models as GFF3, one gene at a time; here 0-based half-open becomes 1-based closed.

Partial features are marked as NCBI does: ``partial=true``, and ``start_range=.,START`` or
``end_range=END,.`` on the rows that have the open end. Rows that a UTR carries beyond the open end
of the CDS have their own ends and are not partial.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Final, Literal, NamedTuple

from transgenic_dagster.gene_models.gene_model import (
    GeneModel,
    Interval,
    Refinement,
    Transcript,
    TranscriptQuality,
)
from transgenic_dagster.gene_models.identifiers import feature_id
from transgenic_dagster.gene_models.text_sink import TextSink
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.input_genes.gff3 import encode_attribute, encode_seqid
from transgenic_dagster.reject_reason import RejectReason

SOURCE: Final = "transgenic"
GENE: Final = "gene"
MRNA: Final = "mRNA"
EXON: Final = "exon"
LOCUS_TAG: Final = "locus_tag"
PRODUCT: Final = "product"

# Where two rows of a transcript start at the same base, the exon comes before what it holds.
_PART_ORDER = (EXON, FIVE_PRIME_UTR, CDS, THREE_PRIME_UTR)


_PARTIAL = ("partial", "true")
_NOTHING = "."

_Attributes = Sequence[tuple[str, str]]
_End = tuple[Literal["start", "end"], int]
"""A boundary of a part, 0-based half-open."""


class _Part(NamedTuple):
    kind: str
    interval: Interval
    phase: str
    identifier: str
    score: str = _NOTHING


class Gff3Writer:
    """Writes a header and then genes, in the order in which they come; whole lines each time.

    Args:
        handle: where the lines go.
        gm_attribute: name of the attribute with the input gene's id: ``GM`` as published, or
            ``gm``, since the GFF3 specification reserves capitals for itself.
        cds_ids: whether the CDS rows of a transcript share one identifier, as those of one feature
            in several places do, or have one each.
    """

    def __init__(
        self,
        handle: TextSink,
        gm_attribute: Literal["GM", "gm"] = "GM",
        cds_ids: Literal["shared", "unique"] = "shared",
    ) -> None:
        self._handle, self._cds_ids = handle, cds_ids
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

    def write_gene(self, gene: GeneModel, doubt: RejectReason | None = None) -> None:
        """Write a gene, its transcripts and their parts, and close it with ``###``.

        Args:
            gene: the gene.
            doubt: why it may not be the right gene; its gene and mRNA rows say so.
        """
        gene_id = feature_id(GENE, gene.name)
        span = Interval(gene.start, gene.end)
        marks = [("doubt", doubt.value)] if doubt else []
        notes = [*_partial_attributes(span, _open_ends(gene)), *marks]
        self._write_row(gene, GENE, span, ".", [("ID", gene_id)], [*_names(gene), *notes])
        self.write_transcripts(gene, gene_id, marks)
        self._handle.write("###\n")

    def write_transcripts(
        self, gene: GeneModel, gene_id: str, marks: Sequence[tuple[str, str]]
    ) -> None:
        """Write the transcripts of a gene and their parts.

        Args:
            gene: the gene.
            gene_id: identifier of its row, decoded.
            marks: further attributes of the mRNA rows, written as they are.
        """
        for transcript in gene.transcripts:
            self._write_transcript(gene, gene_id, transcript, marks)

    def _write_transcript(
        self, gene: GeneModel, gene_id: str, transcript: Transcript, marks: _Attributes
    ) -> None:
        structure = transcript.structure
        open_ends = _open_ends_of_cds(transcript)
        transcript_id = feature_id(MRNA, gene.name, transcript.number)
        span = Interval(structure.start, structure.end)
        notes = [("confidence", f"{gene.confidence:.4f}")]
        if transcript.probability is not None:
            notes.append(("isoform_probability", f"{transcript.probability:.4f}"))
        if transcript.phase_adjusted:
            notes.append(("phase_adjusted", "1"))
        notes += _quality_attributes(transcript.quality)
        if structure.short_introns:
            notes.append(("short_introns", str(structure.short_introns)))
        if transcript.refinement:
            notes += _refinement_attributes(transcript.refinement)
        notes += [*_product(gene), *_partial_attributes(span, open_ends), *marks]
        identity = [("ID", transcript_id), ("Parent", gene_id)]
        if gene.locus:
            identity.append((LOCUS_TAG, gene.locus))
        self._write_row(gene, MRNA, span, ".", identity, notes)
        for part in _parts(gene, transcript, self._cds_ids):
            identity = [("ID", part.identifier), ("Parent", transcript_id)]
            partial = _partial_attributes(part.interval, open_ends)
            if part.kind == CDS and open_ends and not partial:
                partial = [_PARTIAL]  # all rows of a CDS are one feature
            if part.kind == CDS:
                partial = [*_product(gene), *partial]
            self._write_row(
                gene, part.kind, part.interval, part.phase, identity, partial, part.score
            )

    def _write_row(
        self,
        gene: GeneModel,
        kind: str,
        interval: Interval,
        phase: str,
        identity: _Attributes,
        notes: _Attributes,
        score: str = _NOTHING,
    ) -> None:
        """Write one row; the values of notes are written as they are."""
        attributes = [
            *((name, encode_attribute(value)) for name, value in identity),
            (self._gm_attribute, encode_attribute(gene.gm_id)),
            *notes,
        ]
        columns = (
            encode_seqid(gene.seqid),
            SOURCE,
            kind,
            str(interval.start + 1),
            str(interval.end),
            score,
            gene.strand,
            phase,
            ";".join(f"{name}={value}" for name, value in attributes),
        )
        self._handle.write("\t".join(columns) + "\n")


def _names(gene: GeneModel) -> _Attributes:
    """Return the names of a gene, and what else it has from the input gene.

    Where it has a name of its own, those of the input gene are aliases.
    """
    names = {name: value for name, value in gene.inherited if name != PRODUCT}
    if gene.locus:
        aliases = (encode_attribute(gene.gm_id), names.get("Name"), names.get("Alias"))
        names |= {"Name": gene.locus, LOCUS_TAG: gene.locus}
        names["Alias"] = ",".join(dict.fromkeys(filter(None, aliases)))
    return list(names.items())


def _product(gene: GeneModel) -> _Attributes:
    """Return the product that mRNA and CDS rows name, if there is one."""
    return [(name, value) for name, value in gene.inherited if name == PRODUCT]


def _open_ends_of_cds(transcript: Transcript) -> frozenset[_End]:
    """Return the ends of the CDS at which the reading frame goes on, or nothing."""
    edge = transcript.partial_edge
    if edge is None:
        return frozenset()
    cds = transcript.structure.cds
    return frozenset({(edge, cds[0].start if edge == "start" else cds[-1].end)})


def _open_ends(gene: GeneModel) -> frozenset[_End]:
    """Return the open ends of all CDS of a gene."""
    return frozenset().union(*(_open_ends_of_cds(one) for one in gene.transcripts))


def _partial_attributes(interval: Interval, open_ends: frozenset[_End]) -> _Attributes:
    """Return what a row says whose ends are open; nothing for other rows."""
    ranges = []
    if ("start", interval.start) in open_ends:
        ranges.append(("start_range", f".,{interval.start + 1}"))
    if ("end", interval.end) in open_ends:
        ranges.append(("end_range", f"{interval.end},."))
    return [_PARTIAL, *ranges] if ranges else []


def _refinement_attributes(refinement: Refinement) -> _Attributes:
    attributes = [("orf", str(refinement.orf))]
    if refinement.moves:
        # Moves are several values in the sense of GFF3, so that their commas stay.
        moves = ",".join(encode_attribute(str(move)) for move in refinement.moves)
        attributes.append(("refined", moves))
    return attributes


def _parts(
    gene: GeneModel, transcript: Transcript, cds_ids: Literal["shared", "unique"]
) -> list[_Part]:
    """Return the parts of a transcript by position."""
    structure = transcript.structure
    numbers = list(range(1, len(structure.cds) + 1))
    along_forward = numbers if structure.strand == "+" else numbers[::-1]
    ids = [
        feature_id(CDS, gene.name, transcript.number, None if cds_ids == "shared" else number)
        for number in along_forward
    ]
    scores = [f"{one:.4f}" for one in transcript.cds_probabilities] or repeat(_NOTHING)
    parts = [
        _Part(CDS, Interval(cds.start, cds.end), str(cds.phase), cds_id, score)
        for cds, cds_id, score in zip(structure.cds, ids, scores, strict=False)
    ]
    for kind, intervals in (
        (EXON, structure.exons),
        (FIVE_PRIME_UTR, structure.five_prime_utrs),
        (THREE_PRIME_UTR, structure.three_prime_utrs),
    ):
        along_strand = intervals if structure.strand == "+" else intervals[::-1]
        for number, interval in enumerate(along_strand, start=1):
            identifier = feature_id(kind, gene.name, transcript.number, number)
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
