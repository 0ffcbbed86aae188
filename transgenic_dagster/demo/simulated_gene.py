"""Made-up protein-coding genes: complete reading frames, GT-AG introns, UTRs and isoforms."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from transgenic_dagster.demo.draw import Draw
from transgenic_dagster.demo.true_gene import Feature, Transcript, with_phases
from transgenic_dagster.gene_models.qc import STOP_CODONS
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR

_STOPS = sorted(STOP_CODONS)  # draws need an order
SENSE_CODONS = tuple(
    codon for codon in map("".join, product("ACGT", repeat=3)) if codon not in STOP_CODONS
)
GC_CONTENT = 0.36
INTRON_GC_CONTENT = 0.32
SHORTEST_REMAINDER = 30
"""An alternative transcript keeps at least this much (nt) of a shortened feature."""


class Isoform(StrEnum):
    """Difference of an alternative transcript from the gene's main transcript."""

    LATER_START = "later transcription start"
    EARLIER_END = "earlier polyadenylation"
    SKIPPED_EXON = "skipped exon"
    LATER_ACCEPTOR = "later splice acceptor"


@dataclass(frozen=True, slots=True)
class GenePlan:
    """Plan of a gene.

    Args:
        coding_exons: number of CDS parts.
        isoforms: alternative transcripts; a skipped exon needs three coding exons, a later
            acceptor two.
        utr: whether the gene has UTRs.
        utr_intron: whether an intron lies inside the 5' UTR.
        long_intron: DNA that the last intron holds (such as transposon copies); it makes the
            gene long.
    """

    coding_exons: int
    isoforms: tuple[Isoform, ...] = ()
    utr: bool = True
    utr_intron: bool = False
    long_intron: str = ""


@dataclass(frozen=True, slots=True)
class SimulatedGene:
    """A gene's DNA on its own strand and its transcripts, the main one first, from base 0."""

    sequence: str
    transcripts: tuple[Transcript, ...]


def simulate_gene(draw: Draw, plan: GenePlan) -> SimulatedGene:
    """Draw genes until one has a complete reading frame in every planned transcript."""
    while True:
        gene = _draft_gene(draw, plan)
        if gene is not None and all(
            has_complete_frame(spliced_cds(gene.sequence, transcript))
            for transcript in gene.transcripts
        ):
            return gene


def spliced_cds(sequence: str, transcript: Transcript) -> str:
    """Join the CDS parts of a transcript on the + strand of ``sequence``, upper-cased."""
    return "".join(
        sequence[feature.start : feature.end] for feature in transcript if feature.kind == CDS
    ).upper()


def has_complete_frame(cds: str) -> bool:
    """Tell whether a CDS runs from ATG to its only in-frame stop codon."""
    codons = [cds[i : i + 3] for i in range(0, len(cds), 3)]
    stops = [i for i, codon in enumerate(codons) if codon in STOP_CODONS]
    return cds.startswith("ATG") and len(cds) % 3 == 0 and stops == [len(codons) - 1]


def _draft_gene(draw: Draw, plan: GenePlan) -> SimulatedGene | None:
    """Draw one gene; ``None`` where it offers no place for a planned isoform."""
    sequence = ""
    main: list[Feature] = []
    for kind, dna in _parts(draw, plan):
        if kind != "intron":
            main.append(Feature(kind, len(sequence), len(sequence) + len(dna)))
        sequence += dna
    transcripts = [with_phases(main)]
    for isoform in plan.isoforms:
        features = _alternative(draw, isoform, sequence, main)
        if features is None:
            return None
        transcripts.append(with_phases(features))
    return SimulatedGene(sequence, tuple(transcripts))


def _parts(draw: Draw, plan: GenePlan) -> list[tuple[str, str]]:
    """Draw the gene's pieces in order of transcription as (kind or ``intron``, DNA)."""
    parts: list[tuple[str, str]] = []
    if plan.utr:
        parts.append((FIVE_PRIME_UTR, draw.dna(draw.integer(70, 240), GC_CONTENT)))
    if plan.utr_intron:
        parts.append(("intron", intron(draw)))
        parts.append((FIVE_PRIME_UTR, draw.dna(draw.integer(20, 60), GC_CONTENT)))
    exons = coding_exons(draw, plan)
    for number, exon in enumerate(exons, start=1):
        parts.append((CDS, exon))
        if number < len(exons):
            filling = plan.long_intron if number == len(exons) - 1 else ""
            parts.append(("intron", intron(draw, filling)))
    if plan.utr:
        parts.append((THREE_PRIME_UTR, draw.dna(draw.integer(90, 320), GC_CONTENT)))
    return parts


def coding_exons(draw: Draw, plan: GenePlan) -> list[str]:
    """Cut a random open reading frame into the planned number of exons."""
    lengths = [draw.integer(75, 330) for _ in range(plan.coding_exons)]
    if Isoform.SKIPPED_EXON in plan.isoforms:
        lengths[1] -= lengths[1] % 3
    lengths[-1] -= sum(lengths) % 3
    inner_codons = sum(lengths) // 3 - 2
    frame = "ATG" + "".join(draw.one_of(SENSE_CODONS) for _ in range(inner_codons))
    frame += draw.one_of(_STOPS)
    exons = []
    for length in lengths:
        exons.append(frame[:length])
        frame = frame[length:]
    return exons


def intron(draw: Draw, filling: str = "") -> str:
    """Draw an intron (GT … AG) around ``filling``."""
    left = draw.dna(draw.integer(35, 140), INTRON_GC_CONTENT)
    right = draw.dna(draw.integer(35, 140), INTRON_GC_CONTENT)
    return f"GT{left}{filling}{right}AG"


def _alternative(
    draw: Draw, isoform: Isoform, sequence: str, main: list[Feature]
) -> list[Feature] | None:
    """Derive an alternative transcript; ``None`` where the sequence has no place for it."""
    coding = [feature for feature in main if feature.kind == CDS]
    match isoform:
        case Isoform.LATER_START:
            first = main[0]
            cut = draw.integer(SHORTEST_REMAINDER, first.length - SHORTEST_REMAINDER)
            return [Feature(first.kind, first.start + cut, first.end), *main[1:]]
        case Isoform.EARLIER_END:
            last = main[-1]
            cut = draw.integer(SHORTEST_REMAINDER, last.length - SHORTEST_REMAINDER)
            return [*main[:-1], Feature(last.kind, last.start, last.end - cut)]
        case Isoform.SKIPPED_EXON:
            return [feature for feature in main if feature != coding[1]]
        case Isoform.LATER_ACCEPTOR:
            exon = coding[1]
            for start in range(exon.start + 12, exon.end - SHORTEST_REMAINDER, 3):
                if sequence[start - 2 : start] == "AG":
                    later = Feature(exon.kind, start, exon.end)
                    return [later if feature == exon else feature for feature in main]
            return None
