"""Coding transcripts of an annotation file of any style, as structures by gene."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval, TranscriptStructure
from transgenic_dagster.input_genes.gff3 import decode, parse_attributes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation

CODING_TYPES = re.compile("mRNA|transcript|gene", re.IGNORECASE)
UTR_ROWS = ("five_prime_UTR", "three_prime_UTR")


@dataclass(frozen=True)
class AnnotatedGene:
    """The coding transcripts of one gene, on one strand of one sequence."""

    seqid: str
    strand: str
    transcripts: tuple[TranscriptStructure, ...]

    @property
    def start(self) -> int:
        """Leftmost base of all transcripts."""
        return min(transcript.start for transcript in self.transcripts)

    @property
    def end(self) -> int:
        """Exclusive right end of all transcripts."""
        return max(transcript.end for transcript in self.transcripts)


@dataclass
class _Parts:
    """Content of a file's rows about one transcript."""

    strand: str = "+"
    coding: set[Interval] = field(default_factory=set)
    stop_codons: set[Interval] = field(default_factory=set)
    exons: set[Interval] = field(default_factory=set)
    utrs: dict[str, set[Interval]] = field(default_factory=lambda: defaultdict(set))
    phases: dict[int, int] = field(default_factory=dict)


def read_transcripts(annotation: Path) -> list[AnnotatedGene]:
    """Read the coding transcripts of GFF3 or GTF, plain or compressed, gene by gene.

    Transcripts whose coding parts overlap (ribosomal slippage) or lie on both strands are left out.
    """
    types: dict[tuple[str, str], str] = {}
    gene_of: dict[tuple[str, str], str] = {}
    parts: dict[tuple[str, str], _Parts] = defaultdict(_Parts)
    for seqid, row_type, place, strand, phase, attributes in _rows(annotation):
        parents = attributes.get("Parent", "").split(",")
        if row_id := attributes.get("ID"):
            types.setdefault((seqid, row_id), row_type)
            gene_of.setdefault((seqid, row_id), parents[0] or row_id)
        for parent in filter(None, parents):
            found = parts[seqid, parent]
            if row_type == "CDS":
                found.strand = strand
                found.coding.add(place)
                found.phases[place.start if strand == "+" else place.end] = phase
            elif row_type == "stop_codon":
                found.stop_codons.add(place)
            elif row_type == "exon":
                found.exons.add(place)
            elif row_type in UTR_ROWS:
                found.utrs[row_type].add(place)
    genes: dict[tuple[str, str, str], list[TranscriptStructure]] = defaultdict(list)
    for (seqid, transcript), found in parts.items():
        row_type = types.get((seqid, transcript), "mRNA")
        structure = _structure(found) if CODING_TYPES.fullmatch(row_type) else None
        if structure is not None:
            gene = gene_of.get((seqid, transcript), transcript)
            genes[seqid, gene, structure.strand].append(structure)
    return [
        AnnotatedGene(decode(seqid), strand, tuple(transcripts))
        for (seqid, _, strand), transcripts in genes.items()
    ]


def _rows(annotation: Path) -> Iterable[tuple[str, str, Interval, str, int, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        sorted_gff = Path(folder) / "sorted.gff3"
        sort_annotation(annotation, sorted_gff)
        with sorted_gff.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                if line.startswith("#"):
                    continue
                seqid, _, row_type, start, end, _, strand, phase, column = line.split("\t")
                place = Interval(int(start) - 1, int(end))
                number = int(phase) if phase in {"1", "2"} else 0
                yield seqid, row_type, place, strand, number, parse_attributes(column.rstrip("\n"))


def _structure(parts: _Parts) -> TranscriptStructure | None:
    coding = _with_stop_codons(sorted(parts.coding), parts.stop_codons)
    if not coding or any(left.end > right.start for left, right in pairwise(coding)):
        return None
    if parts.strand not in {"+", "-"}:
        return None
    first = coding[0].start if parts.strand == "+" else coding[-1].end
    five, three = _utrs(parts, coding)
    return TranscriptStructure(
        parts.strand, with_phases(coding, parts.strand, parts.phases.get(first, 0)), five, three
    )


def _with_stop_codons(coding: list[Interval], stop_codons: set[Interval]) -> list[Interval]:
    """Add the stop codon, which GTF leaves out of the CDS, to ascending coding parts."""
    if not coding:
        return []
    for stop in sorted(stop_codons):
        if stop.end == coding[0].start:
            coding[0] = Interval(stop.start, coding[0].end)
        elif stop.start == coding[-1].end:
            coding[-1] = Interval(coding[-1].start, stop.end)
        elif stop.end < coding[0].start or stop.start > coding[-1].end:
            coding = sorted([*coding, stop])
    return coding


def with_phases(
    coding: Iterable[Interval], strand: str, first_phase: int = 0
) -> tuple[CdsPart, ...]:
    """Give ascending coding parts the phases that follow from the one translated first."""
    in_translation_order = list(coding) if strand == "+" else list(coding)[::-1]
    phase = first_phase
    parts = []
    for part in in_translation_order:
        parts.append(CdsPart(part.start, part.end, phase))
        phase = (phase - (part.end - part.start)) % 3
    return tuple(sorted(parts))


def _utrs(
    parts: _Parts, coding: list[Interval]
) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
    """Return what of the exons is not coding, else the rows of untranslated parts."""
    left = [Interval(exon.start, min(exon.end, coding[0].start)) for exon in parts.exons]
    right = [Interval(max(exon.start, coding[-1].end), exon.end) for exon in parts.exons]
    sides = [
        tuple(sorted(part for part in side if part.start < part.end)) for side in (left, right)
    ]
    if parts.strand == "-":
        sides.reverse()
    if not parts.exons:
        sides = [tuple(sorted(parts.utrs[row_type])) for row_type in UTR_ROWS]
    return sides[0], sides[1]
