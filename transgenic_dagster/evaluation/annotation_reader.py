"""The transcripts of an annotation: GFF3, GTF or a relative, in any order of rows.

What counts as a transcript is as in gffcompare: what is called one, and whatever has exons, CDS,
UTR or codons; a transcript without any is a single exon. Exons are the union of all of these.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import InputError
from transgenic_dagster.evaluation.segments import Segment, merge
from transgenic_dagster.evaluation.transcripts import LARGEST_GAP_IN_EXON, Transcript
from transgenic_dagster.input_genes.annotation_text import read_annotation
from transgenic_dagster.input_genes.feature_types import CODING_PATTERN
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.input_genes.gtf import gff3_attributes, is_gff3

logger = logging.getLogger(__name__)

_LONGEST_TRANSCRIPT: Final = 6_999_500
_LONGEST_FRAGMENT: Final = 10
"""Nucleotides of parts without a transcript that are taken for a stray feature."""
_STRANDS: Final = {"+": "+", "-": "-", ".": ".", "?": ".", "*": "."}
_CODING = re.compile(CODING_PATTERN)
_CODON = re.compile("(?i)(start|stop).*(codon|cds)")
_OTHER_CODON = re.compile("(?i)redefined|selenocysteine")
_EXON = re.compile("(?i)utr|exon$")
_TRANSCRIPT = re.compile("(?i)(rna|transcript|_gene_segment)$")
_GENE = re.compile("(?i)gene$|^gene")
_LINKS = re.compile(r"(?:^|;)[ ]*(ID|Parent|gene_id|GM|gm|kept)[ ]*=[ ]*([^;]*[^; ])")

_GFF3_STARTS: Final = ("ID=", "Parent=")
"""How most rows of GFF3 begin, which need no closer look."""
_PHASES: Final = frozenset("012")
_CDS, _CODON_ROW, _EXON_ROW, _TRANSCRIPT_ROW, _GENE_ROW, _OTHER_ROW = range(6)


@dataclass
class Annotation:
    """The transcripts of one file.

    Args:
        name: name of the file.
        transcripts: by sequence, in the order of the file.
        origins: identifier of the input gene by (sequence, gene), where the file was written by
            this program and tells it (attribute ``GM``).
    """

    name: str
    transcripts: dict[str, list[Transcript]]
    origins: dict[tuple[str, str], str]


@dataclass(slots=True)
class _Record:
    """Rows of one transcript while the file is read."""

    strand: str
    source: str
    start: int
    end: int
    has_row: bool
    parent: str = ""
    gene_id: str = ""
    exons: list[Segment] = field(default_factory=list)
    cds: list[tuple[int, int, int | None]] = field(default_factory=list)
    codons: list[Segment] = field(default_factory=list)

    def add(self, kind: int, start: int, end: int, phase: str) -> None:
        """Take in a part of the transcript."""
        if kind == _CDS:
            self.cds.append((start, end, int(phase) if phase in _PHASES else None))
        else:
            (self.exons if kind == _EXON_ROW else self.codons).append((start, end))


class _Reader:
    """Collects the rows of a file into transcripts."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str, str], _Record] = {}
        self.genes: set[tuple[str, str]] = set()
        self.others: set[tuple[str, str]] = set()
        self.origins: dict[tuple[str, str], str] = {}
        self.malformed: list[int] = []
        self._kinds: dict[str, int] = {}
        self._seqids: dict[str, str] = {}
        self._strand_of: dict[tuple[str, str], str] = {}

    def read(self, line: int, row: str) -> None:
        """Take a row; comments and blank lines are none."""
        if row.startswith("#") or not row.strip():
            return
        columns = row.rstrip("\r").split("\t")
        try:
            name, source, feature_type, first, last, _, strand, phase, attributes = columns
            start, end = int(first) - 1, int(last)
            if not 0 <= start < end:
                raise ValueError
            strand = _STRANDS[strand.strip()]
        except (ValueError, KeyError):
            self.malformed.append(line)
            return
        kind = self._kind(feature_type)
        if not attributes.startswith(_GFF3_STARTS) and not is_gff3(attributes):
            attributes = gff3_attributes(feature_type.strip(), attributes)
        links: dict[str, str] = {}
        for key, value in _LINKS.findall(attributes):
            links.setdefault(key, value)
        seqid = self._seqids.get(name) or self._seqids.setdefault(name, decode(name.strip()))
        if kind == _OTHER_ROW:
            if "ID" in links:
                self.others.add((seqid, links["ID"]))
        elif kind == _GENE_ROW:
            self._gene(seqid, links)
        elif kind == _TRANSCRIPT_ROW:
            self._transcript(seqid, strand, source, start, end, links)
        else:
            for parent in self._parents(links):
                record = self._part(seqid, strand, source, parent, start, end)
                record.gene_id = record.gene_id or links.get("gene_id", "")
                record.add(kind, start, end, phase)

    def _kind(self, feature_type: str) -> int:
        kind = self._kinds.get(feature_type)
        if kind is None:
            kind = self._kinds[feature_type] = _kind_of(feature_type.strip())
        return kind

    @staticmethod
    def _parents(links: dict[str, str]) -> list[str]:
        if "Parent" in links:
            return links["Parent"].split(",")
        return [links["ID"]] if "ID" in links else []

    def _gene(self, seqid: str, links: dict[str, str]) -> None:
        if identifier := links.get("ID"):
            self.genes.add((seqid, identifier))
            if (origin := links.get("GM") or links.get("gm")) and "kept" not in links:
                self.origins[seqid, decode(identifier)] = decode(origin)

    def _transcript(
        self, seqid: str, strand: str, source: str, start: int, end: int, links: dict[str, str]
    ) -> None:
        identifier = links.get("ID")
        if not identifier:
            return
        record = self._part(seqid, strand, source, identifier, start, end)
        if not record.has_row:
            record.start, record.end, record.has_row = start, end, True
            record.parent = links.get("Parent", "").partition(",")[0]
            record.gene_id = record.gene_id or links.get("gene_id", "")

    def _part(
        self, seqid: str, strand: str, source: str, identifier: str, start: int, end: int
    ) -> _Record:
        """Return the record that a row belongs to; parts on another strand are another one."""
        known = self._strand_of.setdefault((seqid, identifier), strand)
        if known == "." and strand != ".":
            record = self.records.pop((seqid, identifier, "."), None)
            self._strand_of[seqid, identifier] = strand
            if record is not None:
                record.strand = strand
                self.records[seqid, identifier, strand] = record
        elif strand == ".":
            strand = known
        record = self.records.get((seqid, identifier, strand))
        if record is None:
            record = _Record(strand, source, start, end, has_row=False)
            self.records[seqid, identifier, strand] = record
        return record

    def transcripts(self) -> Iterator[Transcript]:
        """Yield the transcripts, in the order of their first rows.

        Parts of something that is neither called a transcript nor a gene belong to a transcript
        only in files that call nothing so.
        """
        names = {key for key in self.records if not self._is_other(key)} or self.records.keys()
        for (seqid, identifier, strand), record in self.records.items():
            if (seqid, identifier, strand) not in names:
                continue
            is_gene = (seqid, identifier) in self.genes
            transcript = _finished(
                seqid, identifier, self._gene_of(seqid, identifier), record, is_gene
            )
            length = transcript.end - transcript.start
            is_fragment = length <= _LONGEST_FRAGMENT and not (record.has_row or is_gene)
            if not is_fragment and length <= _LONGEST_TRANSCRIPT:
                yield transcript

    def _is_other(self, key: tuple[str, str, str]) -> bool:
        named = key[:2]
        return named in self.others and not self.records[key].has_row and named not in self.genes

    def _gene_of(self, seqid: str, identifier: str) -> tuple[str, int]:
        """Return the gene of a transcript, and how many features lie above it.

        Transcripts may be parents of transcripts.
        """
        if (seqid, identifier) in self.genes:
            return identifier, 0
        record = self._record(seqid, identifier)
        above = [identifier]
        while record and record.parent and record.parent not in above:
            above.append(record.parent)
            if (seqid, record.parent) in self.genes:
                return record.parent, len(above) - 1
            parent = self._record(seqid, record.parent)
            if parent is None:
                return record.parent, len(above) - 2
            record = parent
        return (record.gene_id if record else "") or identifier, len(above) - 1

    def _record(self, seqid: str, identifier: str) -> _Record | None:
        strand = self._strand_of.get((seqid, identifier), "")
        return self.records.get((seqid, identifier, strand))


def _kind_of(feature_type: str) -> int:
    if _EXON.search(feature_type):
        return _EXON_ROW
    if _CODON.search(feature_type) and not _OTHER_CODON.search(feature_type):
        return _CODON_ROW
    if _CODING.search(feature_type):
        return _CDS
    if _TRANSCRIPT.search(feature_type):
        return _TRANSCRIPT_ROW
    return _GENE_ROW if _GENE.search(feature_type) else _OTHER_ROW


def _finished(
    seqid: str, identifier: str, gene: tuple[str, int], record: _Record, is_gene: bool
) -> Transcript:
    """Return the transcript that a record has become."""
    cds = _with_codons(sorted(record.cds, key=lambda part: part[:2]), record.codons)
    coding = [(start, end) for start, end, _ in cds]
    exons = [*record.exons, *coding] or [(record.start, record.end)]
    gene_id, level = gene
    return Transcript(
        transcript_id=decode(identifier),
        gene_id=decode(gene_id),
        seqid=seqid,
        strand=record.strand,
        source=record.source,
        exons=tuple(merge(exons, LARGEST_GAP_IN_EXON)),
        cds=tuple(coding),
        phases=tuple(phase for _, _, phase in cds),
        is_gene=is_gene,
        level=level,
    )


def _with_codons(
    cds: list[tuple[int, int, int | None]], codons: list[Segment]
) -> list[tuple[int, int, int | None]]:
    """Return coding parts with start and stop codons that GTF keeps outside of them."""
    for start, end in codons:
        if any(part[0] <= start and end <= part[1] for part in cds):
            continue
        for index, part in enumerate(cds):
            if part[0] <= end and start <= part[1]:
                cds[index] = (min(start, part[0]), max(end, part[1]), part[2])
                break
        else:
            cds.append((start, end, None))
    return sorted(cds, key=lambda part: part[:2])


def read_transcripts(path: Path) -> Annotation:
    """Read the transcripts of an annotation.

    Args:
        path: GFF3, GTF or a relative, plain, gzip or bgzip, recognised by content.

    Raises:
        InputError: the file is missing, unreadable, not an annotation, BED, or has no transcripts.
    """
    annotation = read_any_transcripts(path)
    if not annotation.transcripts:
        raise InputError(
            f"{path} has no transcripts: an evaluation needs rows of transcripts, exons or CDS."
        )
    return annotation


def read_any_transcripts(path: Path) -> Annotation:
    """Read the transcripts of an annotation that may have none.

    Raises:
        InputError: the file is missing, unreadable, not an annotation, or BED.
    """
    annotation_format, blocks = read_annotation(path)
    if annotation_format == "bed":
        raise InputError(f"{path} is BED, which has no exons to compare: give GFF3 or GTF.")
    reader = _Reader()
    for first_line, block in blocks:
        for line, row in enumerate(block.split("\n"), start=first_line):
            reader.read(line, row)
    transcripts: dict[str, list[Transcript]] = {}
    for one in reader.transcripts():
        transcripts.setdefault(one.seqid, []).append(one)
    if reader.malformed:
        logger.warning(
            "%s: %s rows cannot be read and were left out, the first on line %s",
            *(path.name, f"{len(reader.malformed):,}", reader.malformed[0]),
        )
    return Annotation(path.name, transcripts, reader.origins)
