"""Figures of the predicted genes: reading frames, splice sites, moves of the refinement, places."""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from transgenic_dagster.report.gene_blocks import GeneBlock
from transgenic_dagster.report.structure import Structure

KINDS_OF_BOUNDARY = {
    "start": "start codon",
    "stop": "stop codon",
    "donor": "splice donor",
    "acceptor": "splice acceptor",
    "utr": "splice site of a UTR intron",
    "exon": "exon left out",
}
"""Boundaries that refinement moves, by the kind under which the report counts them."""

LEFT_OUT = "left_out"
"""What stands for the offset of an exon that refinement left out."""

_NUMBER = re.compile(r"\d+$")


@dataclass
class Predictions:
    """Figures of all predicted genes.

    Args:
        structure: lengths and numbers.
        confidence: mean token probability of each gene.
        isoform_probability: share of probability of each transcript; empty where nothing was
            refined.
        frames: transcripts by reading frame (``orf``); empty where nothing was refined.
        start_codons: transcripts that begin with ATG.
        stop_codons: transcripts that end with a stop codon in frame.
        without_inframe_stops: transcripts without a stop codon inside.
        introns: introns of all transcripts.
        canonical_introns: those of them with GT-AG, GC-AG or AT-AC ends.
        canonical_transcripts: transcripts with introns, all of them canonical.
        spliced_transcripts: transcripts with introns.
        refined_transcripts: transcripts of which a boundary was moved.
        moves: offsets in nt by kind of boundary, positive downstream.
        doubtful: genes by the reason of their doubt (``--keep_all``).
    """

    structure: Structure = field(default_factory=Structure)
    confidence: "array[float]" = field(default_factory=lambda: array("d"))
    isoform_probability: "array[float]" = field(default_factory=lambda: array("d"))
    frames: Counter[str] = field(default_factory=Counter)
    start_codons: int = 0
    stop_codons: int = 0
    without_inframe_stops: int = 0
    introns: int = 0
    canonical_introns: int = 0
    canonical_transcripts: int = 0
    spliced_transcripts: int = 0
    refined_transcripts: int = 0
    moves: "defaultdict[str, array[int]]" = field(default_factory=lambda: defaultdict(_integers))
    doubtful: Counter[str] = field(default_factory=Counter)

    def add(self, gene: GeneBlock) -> Sequence[Mapping[str, str]]:
        """Count a gene; returns the attributes of its transcripts."""
        self.structure.add(gene)
        doubt = gene.values().get("doubt")
        if doubt:
            self.doubtful[doubt] += 1
        attributes = [transcript.values() for transcript in gene.transcripts]
        self.confidence.append(float(attributes[0]["confidence"]))
        for values in attributes:
            self._add_transcript(values)
        return attributes

    def _add_transcript(self, values: Mapping[str, str]) -> None:
        self.start_codons += values["start_codon"] == "1"
        self.stop_codons += values["stop_codon"] == "1"
        self.without_inframe_stops += values["inframe_stops"] == "0"
        canonical, introns = (int(number) for number in values["canonical_splice"].split("/"))
        self.introns += introns
        self.canonical_introns += canonical
        self.spliced_transcripts += introns > 0
        self.canonical_transcripts += introns > 0 and canonical == introns
        if "isoform_probability" in values:
            self.isoform_probability.append(float(values["isoform_probability"]))
        if "orf" in values:
            self.frames[values["orf"]] += 1
        moves = moves_of(values)
        self.refined_transcripts += bool(moves)
        for kind, offset in moves:
            self.moves[kind].append(offset)


def moves_of(values: Mapping[str, str]) -> list[tuple[str, int]]:
    """Read the moves of a transcript: kind of boundary and offset in nt, 0 for a dropped exon.

    Args:
        values: attributes of the mRNA row.
    """
    moves = []
    for boundary, offset in named_moves(values):
        name = _NUMBER.sub("", boundary)
        kind = "utr" if name.startswith(("five_prime", "three_prime")) else name
        moves.append((kind, 0 if offset == LEFT_OUT else int(offset)))
    return moves


def named_moves(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Read the moves of a transcript as written: boundary, such as ``donor2``, and offset.

    Args:
        values: attributes of the mRNA row.
    """
    moves = filter(None, values.get("refined", "").split(","))
    return [(boundary, offset) for boundary, _, offset in (move.rpartition(":") for move in moves)]


def _integers() -> "array[int]":
    return array("q")
