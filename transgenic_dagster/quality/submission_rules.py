"""Rules of GenBank on the rows of one gene, with its DNA."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from transgenic_dagster.gene_models.gene_model import (
    SHORTEST_SPLICED,
    CdsPart,
    Interval,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.gff3_writer import EXON, LOCUS_TAG, PRODUCT
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gsf.features import CDS
from transgenic_dagster.input_genes.gff3 import decode, parse_attributes
from transgenic_dagster.quality.submission_problems import SHORTEST_PROTEIN, Found, Problem
from transgenic_dagster.sequences.dna import normalise, reverse_complement
from transgenic_dagster.sequences.fasta import Genome

_LOCUS_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{2,11}_[A-Za-z0-9]+")
_SEQID: Final = re.compile(r"[A-Za-z0-9_.:*#-]{1,49}")
_GENES: Final = frozenset({"gene", "pseudogene"})
_PSEUDO: Final = ("pseudo", "pseudogene")
_START_CODONS: Final = ("ATG", "CTG", "TTG")
"""Those of the standard code (NCBI's table 1), which the validator takes."""

_BEFORE_EXON: Final = frozenset({"AG"})
_BEHIND_EXON: Final = frozenset({"GT", "GC"})
_SPLICE_SITE: Final = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A row of GFF3.

    Args:
        kind: type of the feature.
        seqid: sequence, decoded.
        place: 0-based half-open.
        strand: column 7.
        phase: column 8.
        attributes: decoded.
    """

    kind: str
    seqid: str
    place: Interval
    strand: str
    phase: str
    attributes: dict[str, str]

    @classmethod
    def of(cls, line: str) -> "Row":
        """Read a line."""
        seqid, _, kind, start, end, _, strand, phase, column = line.rstrip("\n").split("\t")
        place = Interval(int(start) - 1, int(end))
        return cls(kind, decode(seqid), place, strand, phase, parse_attributes(column))

    @property
    def identifier(self) -> str:
        """Its ID, empty if it has none."""
        return self.attributes.get("ID", "")

    @property
    def parents(self) -> Sequence[str]:
        """IDs of its parents."""
        parents = self.attributes.get("Parent")
        return parents.split(",") if parents else ()


@dataclass(slots=True)
class _Transcript:
    row: Row
    exons: list[Row] = field(default_factory=list)
    cds: list[Row] = field(default_factory=list)

    @property
    def coding(self) -> Interval:
        """From the first to the last coding base."""
        return Interval(
            min(part.place.start for part in self.cds), max(part.place.end for part in self.cds)
        )

    @property
    def open_left(self) -> bool:
        """Whether the CDS is marked as going on in front of its first base in the sequence."""
        return any("start_range" in part.attributes for part in self.cds)

    @property
    def open_right(self) -> bool:
        """Whether the CDS is marked as going on behind its last base in the sequence."""
        return any("end_range" in part.attributes for part in self.cds)


class SubmissionRules:
    """Looks at genes one after the other, and remembers the names that are taken.

    Args:
        genome: sequences that the genes lie on.
    """

    def __init__(self, genome: Genome) -> None:
        self._genome = genome
        self._ids: set[str] = set()
        self._locus_tags: set[str] = set()
        self._seqids: set[str] = set()

    def problems(self, rows: Sequence[Row]) -> Iterator[Found] | None:
        """Yield the problems of a gene, by transcript; None where the rows are no gene.

        Args:
            rows: the gene's row, and then those of its transcripts and their parts.
        """
        gene, *others = rows
        if gene.kind not in _GENES and not any(row.kind == CDS for row in others):
            return None
        return self._problems(gene, others)

    def _problems(self, gene: Row, others: Sequence[Row]) -> Iterator[Found]:
        transcripts = _transcripts(gene, others)
        yield from self._about_names(gene, transcripts)
        if any(not "".join(row.attributes.values()).isascii() for row in (gene, *others)):
            yield Found(Problem.NOT_ASCII, "", gene.seqid, gene.place)
        end = max(row.place.end for row in (gene, *others))
        is_within = end <= self._genome.lengths.get(gene.seqid, 0)
        if not is_within:
            yield Found(Problem.BEYOND_SEQUENCE, "", gene.seqid, gene.place)
        is_pseudo = gene.kind == "pseudogene" or any(name in gene.attributes for name in _PSEUDO)
        for transcript in transcripts:
            found = [*_about_places(gene, transcript)]
            overlapping = any(one[0] is Problem.OVERLAPPING_EXONS for one in found)
            if transcript.cds and not is_pseudo:
                if _lacks_product(transcript):
                    found.append((Problem.NO_PRODUCT, transcript.row.place))
                if is_within and not overlapping:
                    found += self._about_reading_frame(transcript)
            identifier = transcript.row.identifier if transcript.row is not gene else ""
            for problem, place in found:
                yield Found(problem, identifier, gene.seqid, place)

    def _about_names(self, gene: Row, transcripts: Sequence[_Transcript]) -> Iterator[Found]:
        if gene.seqid not in self._seqids:
            self._seqids.add(gene.seqid)
            if not _SEQID.fullmatch(gene.seqid):
                yield Found(Problem.BAD_SEQID, "", gene.seqid, gene.place)
        locus_tag = gene.attributes.get(LOCUS_TAG)
        if locus_tag is None:
            yield Found(Problem.NO_LOCUS_TAG, "", gene.seqid, gene.place)
        elif locus_tag in self._locus_tags:
            yield Found(Problem.DUPLICATE_LOCUS_TAG, "", gene.seqid, gene.place)
        else:
            self._locus_tags.add(locus_tag)
            if not _LOCUS_TAG.fullmatch(locus_tag):
                yield Found(Problem.BAD_LOCUS_TAG, "", gene.seqid, gene.place)
        if self._is_taken(gene):
            yield Found(Problem.DUPLICATE_ID, "", gene.seqid, gene.place)
        for transcript in transcripts:
            # The rows of one CDS share an ID; a row of several transcripts is one feature.
            own = {row.identifier: row for row in transcript.cds if len(row.parents) == 1}
            rows = [*own.values()] if transcript.row is gene else [transcript.row, *own.values()]
            for row in rows:
                if self._is_taken(row):
                    identifier = transcript.row.identifier
                    yield Found(Problem.DUPLICATE_ID, identifier, row.seqid, row.place)

    def _is_taken(self, row: Row) -> bool:
        """Return whether a feature came before that has its ID."""
        if row.identifier in self._ids:
            return True
        if row.identifier:
            self._ids.add(row.identifier)
        return False

    def _about_reading_frame(self, transcript: _Transcript) -> Iterator[tuple[Problem, Interval]]:
        coding, is_forward = transcript.coding, transcript.row.strand != "-"
        seqid = transcript.row.seqid
        window = normalise(self._genome.fetch(seqid, *coding))
        parts = sorted((row.place, row.phase) for row in transcript.cds)
        cds = tuple(
            CdsPart(*place, int(phase) if phase in {"0", "1", "2"} else 0) for place, phase in parts
        )
        structure = TranscriptStructure("+" if is_forward else "-", cds)
        quality = assess(structure, window, coding.start)
        ends = (transcript.open_left, transcript.open_right)
        open_start, open_end = ends if is_forward else ends[::-1]
        is_whole = (len(quality.cds) - structure.first_cds.phase) % 3 == 0
        has_start = structure.first_cds.phase == 0 and quality.cds.startswith(_START_CODONS)
        if not has_start and not open_start:
            yield Problem.NO_START, coding
        if quality.inframe_stops:
            yield Problem.INTERNAL_STOP, coding
        if open_end:
            if quality.stop_codon:
                yield Problem.PARTIAL_WITH_STOP, coding
        elif not is_whole:
            yield Problem.BROKEN_FRAME, coding
        elif not quality.stop_codon:
            yield Problem.NO_STOP, coding
        if not self._ends_well(transcript):
            yield Problem.INNER_PARTIAL, coding
        is_complete = has_start and quality.stop_codon and not quality.inframe_stops
        if is_complete and len(quality.protein) < SHORTEST_PROTEIN:
            yield Problem.SHORT_PROTEIN, coding

    def _ends_well(self, transcript: _Transcript) -> bool:
        """Return whether partial ends are where NCBI takes them.

        Those places are the end of the sequence, a gap (N) and a splice site.
        """
        seqid, (start, end) = transcript.row.seqid, transcript.coding
        is_forward = transcript.row.strand != "-"
        length = self._genome.lengths[seqid]
        left = normalise(self._genome.fetch(seqid, max(0, start - _SPLICE_SITE), start))
        right = normalise(self._genome.fetch(seqid, end, min(length, end + _SPLICE_SITE)))
        if not is_forward:
            left, right = reverse_complement(right), reverse_complement(left)
        open_ends = (transcript.open_left, transcript.open_right)
        open_start, open_end = open_ends if is_forward else open_ends[::-1]
        start_is_good = left in _BEFORE_EXON or left[-1:] in {"", "N"}
        end_is_good = right in _BEHIND_EXON or right[:1] in {"", "N"}
        return (start_is_good or not open_start) and (end_is_good or not open_end)


def _transcripts(gene: Row, others: Iterable[Row]) -> list[_Transcript]:
    """Return the transcripts of a gene: its rows on which exons or a CDS hang.

    The gene itself is one if it has a CDS of its own, and not if there are only exons, which some
    annotations list for the gene as a whole.
    """
    transcripts = {gene.identifier: _Transcript(gene)}
    parts = []
    for row in others:
        if row.kind in {EXON, CDS}:
            parts.append(row)
        elif "UTR" not in row.kind:
            transcripts[row.identifier] = _Transcript(row)
    for row in parts:
        for parent in row.parents:
            if parent in transcripts:
                transcript = transcripts[parent]
                (transcript.cds if row.kind == CDS else transcript.exons).append(row)
    own = transcripts[gene.identifier]
    return [one for one in transcripts.values() if one.cds or (one.exons and one is not own)]


def _lacks_product(transcript: _Transcript) -> bool:
    named = [transcript.row, *transcript.cds]
    return not all(row.attributes.get(PRODUCT) for row in named)


def _about_places(gene: Row, transcript: _Transcript) -> Iterator[tuple[Problem, Interval]]:
    """Yield what is wrong with the places of a transcript's parts, whatever the DNA."""
    row = transcript.row
    if not _holds(gene.place, row.place) or (gene.seqid, gene.strand) != (row.seqid, row.strand):
        yield Problem.OUTSIDE_GENE, row.place
    exons = sorted(part.place for part in transcript.exons)
    coding = sorted(part.place for part in transcript.cds)
    holders = exons or [row.place]
    for part in coding:
        if not any(_holds(holder, part) for holder in holders):
            yield Problem.OUTSIDE_EXONS, part
    steps = sorted({*pairwise(exons), *pairwise(coding)})
    introns = set[Interval]()
    for one, other in steps:
        if other.start < one.end:
            yield Problem.OVERLAPPING_EXONS, Interval(other.start, min(one.end, other.end))
        elif other.start - one.end < SHORTEST_SPLICED:
            introns.add(Interval(one.end - 1, other.start + 1))
    for intron in sorted(introns):
        yield Problem.SHORT_INTRON, intron


def _holds(one: Interval, other: Interval) -> bool:
    return one.start <= other.start and other.end <= one.end
