"""Streams the genes of an annotation, each with its transcripts, one gene in memory at a time.

Two files are read: the GFF3 that a run wrote, where ``###`` closes each gene, and the sorted
annotation of its input, where the rows of a gene follow it. Of a completed annotation only the new
rows are, which stand gene by gene.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby, islice
from pathlib import Path

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval
from transgenic_dagster.gene_models.gff3_writer import EXON, GENE
from transgenic_dagster.gene_models.kept_input import KEPT
from transgenic_dagster.gsf.features import CDS
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gene_rows import Row, gene_rows
from transgenic_dagster.input_genes.gff3 import attribute, decode, parse_attributes
from transgenic_dagster.system.output_files import read_output, read_output_bytes

_EXON, _CDS = EXON.encode(), CDS.encode()
_PHASES = frozenset((b"0", b"1", b"2"))
_KEPT = KEPT.encode() + b"="
_ID, _PARENT = b"ID=", b"Parent="
_NO_SCORE = b"."


@dataclass(slots=True)
class TranscriptRows:
    """A transcript as its rows have it.

    Args:
        attributes: column 9 of its own row, as written; empty where it has none.
        exons: ascending, 0-based half-open.
        cds: likewise, with phases (0 where the input gives none).
        others: other parts, such as UTRs, likewise.
        scores: column 6 of the CDS rows that have one, as written, by the start of the part; in a
            prediction the probability of its two ends.
    """

    attributes: bytes = b""
    exons: list[Interval] = field(default_factory=list)
    cds: list[CdsPart] = field(default_factory=list)
    others: list[Interval] = field(default_factory=list)
    scores: dict[int, bytes] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """Attributes of its own row, decoded."""
        return parse_attributes(self.attributes.decode())


@dataclass(slots=True)
class GeneBlock:
    """A gene with its transcripts.

    Args:
        gene_id: identifier of the input gene, decoded.
        seqid: its sequence, decoded.
        start: 0-based.
        end: exclusive.
        strand: column 7.
        attributes: column 9 of its own row, as written.
        transcripts: those that have exons or a CDS, in the order of their first part.
    """

    gene_id: str
    seqid: str
    start: int
    end: int
    strand: str
    attributes: bytes
    transcripts: list[TranscriptRows]

    @property
    def coding(self) -> list[TranscriptRows]:
        """Transcripts with a CDS."""
        return [transcript for transcript in self.transcripts if transcript.cds]

    def values(self) -> dict[str, str]:
        """Attributes of its own row, decoded."""
        return parse_attributes(self.attributes.decode())


def predicted_genes(gff3: Path) -> Iterator[GeneBlock]:
    """Yield the genes that the model predicted; those kept from the input are left out."""
    for rows in _closed_blocks(gff3):
        if not attribute(rows[0][8], _KEPT):
            yield _gene(_input_gene(rows[0][8]), rows)


def new_genes(rows: Iterable[Row]) -> Iterator[GeneBlock]:
    """Yield what genes of the input gained: each with its new transcripts alone, and their span.

    Args:
        rows: those of a completed annotation that are new.
    """
    for gene_id, members in groupby(rows, lambda row: _input_gene(row[8])):
        own = list(members)
        seqid, source, _, _, _, score, strand, phase, _ = own[0]
        start = min((row[3] for row in own), key=int)
        end = max((row[4] for row in own), key=int)
        gene = [seqid, source, GENE.encode(), start, end, score, strand, phase, b""]
        yield _gene(gene_id, [gene, *own])


def annotated_genes(gff3: Path) -> set[str]:
    """Identifiers of the input genes that have a predicted gene."""
    found = set()
    with read_output_bytes(gff3) as lines:
        for line in lines:
            column = line.rstrip(b"\n").rpartition(b"\t")[2]
            if b"\tgene\t" in line and not attribute(column, _KEPT):
                found.add(_input_gene(column))
    return found


def _input_gene(column: bytes) -> str:
    """Return the identifier of the input gene that a row names, decoded."""
    return decode((attribute(column, b"GM=") or attribute(column, b"gm=")).decode())


def input_genes(sorted_gff: Path, feature_types: Sequence[str]) -> Iterator[GeneBlock]:
    """Yield the genes of the gene list, in order, with what the input says of them.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote, with its ``Origin`` beside it.
        feature_types: types of the rows (column 3) that count as genes.
    """
    genes = read_genes(sorted_gff, feature_types).genes
    for gene, rows in gene_rows(sorted_gff, genes):
        yield _gene(gene.gene_id, rows)


def sequence_lengths(gff3: Path) -> dict[str, int]:
    """Nucleotides by sequence, as the header of a GFF3 declares them."""
    lengths = {}
    with read_output(gff3) as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            if line.startswith(("##sequence-region ", "#!exceeded-sequence-region ")):
                _, seqid, _, end = line.split()
                lengths[decode(seqid)] = int(end)
    return lengths


def _gene(gene_id: str, rows: list[list[bytes]]) -> GeneBlock:
    first = rows[0]
    transcripts: dict[bytes, TranscriptRows] = {}
    columns_of = {attribute(first[8], _ID): first[8]}
    for columns in islice(rows, 1, None):
        kind, column = columns[2], columns[8]
        if not _is_part(kind):
            columns_of[attribute(column, _ID)] = column
            continue
        start, end = int(columns[3]) - 1, int(columns[4])
        for parent in attribute(column, _PARENT).split(b","):
            transcript = transcripts.get(parent)
            if transcript is None:
                transcript = transcripts[parent] = TranscriptRows()
            if kind == _EXON:
                transcript.exons.append(Interval(start, end))
            elif kind == _CDS:
                phase = int(columns[7]) if columns[7] in _PHASES else 0
                transcript.cds.append(CdsPart(start, end, phase))
                if columns[5] != _NO_SCORE:
                    transcript.scores[start] = columns[5]
            else:
                transcript.others.append(Interval(start, end))
    for identifier, transcript in transcripts.items():
        transcript.attributes = columns_of.get(identifier, b"")
        transcript.cds.sort()
        exons = transcript.exons
        if not exons:
            exons = [Interval(part.start, part.end) for part in transcript.cds]
            exons += transcript.others
        transcript.exons = union(exons)
    _settle_own_parts(transcripts, attribute(first[8], _ID))
    return GeneBlock(
        gene_id,
        decode(first[0].decode()),
        int(first[3]) - 1,
        int(first[4]),
        first[6].decode(),
        first[8],
        list(transcripts.values()),
    )


@cache
def _is_part(kind: bytes) -> bool:
    """Return whether rows of a type are parts of a transcript."""
    return kind in (_EXON, _CDS) or b"UTR" in kind


def _settle_own_parts(transcripts: dict[bytes, TranscriptRows], gene: bytes) -> None:
    """Take parts that hang on the gene itself for its transcript only where it has no other.

    The CDS of a gene with one transcript, where that has none, is the transcript's.
    """
    own = transcripts.get(gene)
    others = [one for name, one in transcripts.items() if name != gene]
    if own is None or not others:
        return
    if not own.cds or any(one.cds for one in others):
        del transcripts[gene]
    elif len(others) == 1:
        others[0].cds = own.cds
        others[0].exons = union([*others[0].exons, *(Interval(p.start, p.end) for p in own.cds)])
        del transcripts[gene]


def union(parts: Iterable[Interval]) -> list[Interval]:
    """Return parts in ascending order, those that touch or overlap as one."""
    joined: list[Interval] = []
    for part in sorted(parts):
        if joined and part.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, part.end))
        else:
            joined.append(part)
    return joined


def _closed_blocks(path: Path) -> Iterator[list[list[bytes]]]:
    rows: list[list[bytes]] = []
    with read_output_bytes(path) as lines:
        for line in lines:
            if line[:1] != b"#":
                rows.append(line.rstrip(b"\n").split(b"\t"))
            elif rows and line.startswith(b"###"):
                yield rows
                rows = []
    if rows:
        yield rows
