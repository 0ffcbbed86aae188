"""Transcripts of the input's genes, part by part, as the annotation tells them.

Where an annotation has exons and CDS but no untranslated parts, those follow from them; where it
keeps the stop codon out of the CDS, as Ensembl's GTF does, it is joined to it. Phases that are
missing follow from the lengths of the parts before.

The published program keeps in its GFF3 what the model wrote: a row's ``ID`` ends in the name of the
part, and rows stand in the order in which the transcript names them. Both are read.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from transgenic_dagster.gene_models.gff3_writer import SOURCE
from transgenic_dagster.gene_models.input_families import FamilyRow, find_families
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, KIND_OF_NAME, THREE_PRIME_UTR
from transgenic_dagster.gsf.from_parts import Part
from transgenic_dagster.input_genes.feature_types import CODING_PATTERN, EXON_PATTERN
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.input_genes.origin import read_origin

_CODING = re.compile(CODING_PATTERN)
_EXON = re.compile(EXON_PATTERN)
_STOP_CODON = "stop_codon"
_UTR_KINDS: Final = {
    "five_prime_utr": FIVE_PRIME_UTR,
    "5utr": FIVE_PRIME_UTR,
    "5'-utr": FIVE_PRIME_UTR,
    "three_prime_utr": THREE_PRIME_UTR,
    "3utr": THREE_PRIME_UTR,
    "3'-utr": THREE_PRIME_UTR,
}
"""Feature types of untranslated parts, in lower case, and the kind that each is."""


@dataclass(frozen=True, slots=True)
class InputTranscript:
    """A transcript of the input.

    Args:
        transcript_id: its ``ID``, decoded; where it has none, that of the gene.
        parts: its CDS and UTR parts, 0-based half-open on the sequence, ascending within each
            kind; none where nothing is coding.
        written: the parts by the names that the model gave to them, in the order in which it named
            them; none where the annotation does not keep that.
    """

    transcript_id: str
    parts: tuple[Part, ...]
    written: Mapping[str, Part] = field(default_factory=dict)


class _Row(NamedTuple):
    kind: str
    start: int
    end: int
    strand: str
    phase: int | None
    line: int
    name: str


@dataclass(slots=True)
class _Rows:
    """Rows of one transcript.

    Args:
        identifier: of the transcript.
        line: of its own row, 0 for a row that was added.
        rows: its parts.
    """

    identifier: str
    line: int
    rows: list[_Row]

    @property
    def first_line(self) -> int:
        """Line of the user's file where the transcript begins."""
        return self.line or min((row.line for row in self.rows if row.line), default=0)


def read_transcripts(
    sorted_gff: Path, genes: Mapping[str, int], gene_types: Collection[str]
) -> dict[str, list[InputTranscript]]:
    """Read the transcripts of some genes.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote, with its ``Origin`` beside it.
        genes: row of each gene (``Gene.row``).
        gene_types: types of rows (column 3) that are genes.

    Returns:
        The transcripts of each gene, in the order of the user's file; none for a gene of which the
        annotation tells nothing more than its place.
    """
    lines = read_origin(sorted_gff).lines
    families = find_families(sorted_gff, genes, gene_types)
    with sorted_gff.open("rb") as file:
        return {name: _transcripts(file, family, lines) for name, family in families.items()}


def _transcripts(
    file: BinaryIO, family: Sequence[FamilyRow], lines: Sequence[int]
) -> list[InputTranscript]:
    members: dict[int, _Rows] = {}
    for row in family:
        file.seek(row.offset)
        columns = file.readline().decode().rstrip("\n").split("\t")
        line = lines[row.number]
        identifier = parse_attributes(columns[8]).get("ID", "")
        members[row.number] = _Rows(identifier, line, [])
        if not _is_part(columns[2]):
            continue
        part = _Row(
            kind=columns[2],
            start=int(columns[3]) - 1,
            end=int(columns[4]),
            strand=columns[6],
            phase=int(columns[7]) if columns[7] in {"0", "1", "2"} else None,
            line=line,
            name="",
        )
        for parent in row.parents:
            name = identifier.removeprefix(f"{members[parent].identifier}.")
            is_written = columns[1] == SOURCE and KIND_OF_NAME.get(name) == columns[2]
            members[parent].rows.append(part._replace(name=name) if is_written else part)
    gene = members[family[0].number]
    transcripts = sorted(
        (member for member in members.values() if member.rows), key=attrgetter("first_line")
    )
    return [
        InputTranscript(one.identifier or gene.identifier, _parts(one), _written(one.rows))
        for one in transcripts
    ]


def tells_coding_parts(sorted_gff: Path) -> bool:
    """Return whether a sorted annotation has a row of a coding part."""
    with sorted_gff.open(encoding="utf-8", newline="\n") as rows:
        kinds = (row.split("\t", 3)[2] for row in rows if not row.startswith("#"))
        return any(_CODING.search(kind) for kind in kinds)


def kind_of_row(feature_type: str) -> str | None:
    """The kind of part that a row of this type (column 3) tells, None for all but CDS and UTRs."""
    return CDS if _CODING.search(feature_type) else _UTR_KINDS.get(feature_type.lower())


def _is_part(kind: str) -> bool:
    return kind_of_row(kind) is not None or bool(_EXON.search(kind)) or kind == _STOP_CODON


def _written(rows: Sequence[_Row]) -> dict[str, Part]:
    """Parts by name, as the model wrote them; none where the annotation does not keep that."""
    in_order = sorted(rows, key=attrgetter("line"))
    parts = {
        row.name: Part(row.kind, row.start, row.end, row.strand, row.phase) for row in in_order
    }
    lines = {row.line for row in rows}
    has_phases = all((row.phase is not None) == (row.kind == CDS) for row in rows)
    is_kept = "" not in parts and len(parts) == len(lines) == len(rows)
    return parts if is_kept and has_phases else {}


def _parts(transcript: _Rows) -> tuple[Part, ...]:
    rows = sorted(set(transcript.rows), key=attrgetter("start", "end"))
    coding = [row for row in rows if _CODING.search(row.kind)]
    if not coding:
        return ()
    stops = [row for row in rows if row.kind == _STOP_CODON]
    cds = _with_phases(_joined(coding, stops))
    utrs = [
        Part(kind, row.start, row.end, row.strand, None)
        for row in rows
        if (kind := kind_of_row(row.kind)) is not None and kind != CDS
    ]
    if not utrs:
        utrs = list(_untranslated(cds, (row for row in rows if _EXON.search(row.kind))))
    return (*cds, *utrs)


def _joined(coding: Sequence[_Row], stops: Iterable[_Row]) -> list[_Row]:
    """Join stop codons to the coding parts that they touch; those inside one change nothing."""
    joined = list(coding)
    for stop in stops:
        if any(row.start <= stop.start and stop.end <= row.end for row in joined):
            continue
        for i, row in enumerate(joined):
            if stop.start == row.end:
                joined[i] = row._replace(end=stop.end)
                break
            if stop.end == row.start:
                joined[i] = row._replace(start=stop.start)
                break
        else:
            joined.append(stop)
    return sorted(joined, key=attrgetter("start", "end"))


def _with_phases(coding: Sequence[_Row]) -> list[Part]:
    """Coding parts, ascending, with the phases that are missing."""
    order = list(range(len(coding)))
    if coding[0].strand == "-":
        order.reverse()
    phase = 0
    phases = [0] * len(coding)
    for i in order:
        row = coding[i]
        phases[i] = phase if row.phase is None else row.phase
        phase = (phases[i] - (row.end - row.start)) % 3
    return [
        Part(CDS, row.start, row.end, row.strand, one)
        for row, one in zip(coding, phases, strict=True)
    ]


def _untranslated(cds: Sequence[Part], exons: Iterable[_Row]) -> Iterable[Part]:
    """Stretches of exons that lie before the first coding base or behind the last."""
    first, last = cds[0].start, cds[-1].end
    strand = cds[0].strand
    left, right = FIVE_PRIME_UTR, THREE_PRIME_UTR
    if strand == "-":
        left, right = right, left
    for exon in exons:
        if exon.start < first:
            yield Part(left, exon.start, min(exon.end, first), strand, None)
        if exon.end > last:
            yield Part(right, max(exon.start, last), exon.end, strand, None)
