"""Genes to look at first: what speaks against a gene, and the genes with the gravest concerns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import heappush, heappushpop

from transgenic_dagster.gene_models.gene_model import Interval, Orf
from transgenic_dagster.report.certainty import ENDS, CodingPart
from transgenic_dagster.report.gene_blocks import GeneBlock, union
from transgenic_dagster.report.predictions import moves_of
from transgenic_dagster.report.reject_lines import LostGene
from transgenic_dagster.report.structure import length_of

SHOWN = 20
LOW_CONFIDENCE = 0.8
UNLIKELY = 0.5
"""Probability of the two ends of a coding part below which it is a concern."""
FAR_FROM_INPUT = 0.5
FAR_MOVE = 30
"""Offset in nt from which a move of the refinement is a concern."""


class Kind(IntEnum):
    """Kinds of concern, the gravest first."""

    DOUBT = 0
    BROKEN_FRAME = 1
    FAR_FROM_INPUT = 2
    LOST = 3
    LOW_CONFIDENCE = 4
    UNLIKELY_ENDS = 5
    ODD_INTRON = 6
    FAR_MOVE = 7
    PARTIAL = 8


@dataclass(frozen=True)
class Concern:
    """One thing that speaks against a gene.

    Args:
        kind: of the concern.
        severity: the higher the worse, among concerns of one kind.
        text: one phrase for people.
    """

    kind: Kind
    severity: float
    text: str


@dataclass(frozen=True)
class Suspect:
    """A gene with its concerns.

    Args:
        gene_id: identifier of the input gene.
        predicted: None where it has no gene model.
        source: the gene as the input has it, None where the input was not read.
        lost: what became of it, if it has no gene model.
        concerns: the gravest kind first.
    """

    gene_id: str
    predicted: GeneBlock | None
    source: GeneBlock | None
    lost: LostGene | None
    concerns: Sequence[Concern]


class Suspects:
    """Keeps, of all genes, those with the gravest concerns of each kind."""

    def __init__(self) -> None:
        self._worst: dict[Kind, list[tuple[float, int, Suspect]]] = {kind: [] for kind in Kind}
        self._order = 0

    def add(self, suspect: Suspect) -> None:
        """Consider a gene; of equals the earlier one stays."""
        self._order += 1
        for concern in suspect.concerns:
            heap = self._worst[concern.kind]
            entry = (concern.severity, -self._order, suspect)
            if len(heap) < SHOWN:
                heappush(heap, entry)
            else:
                heappushpop(heap, entry)

    def chosen(self) -> list[Suspect]:
        """Return the genes to look at first.

        Kinds take turns, each with its gravest gene that is not yet there, so that no kind hides
        the others.
        """
        queues = [iter(sorted(self._worst[kind], reverse=True)) for kind in Kind]
        chosen: dict[str, Suspect] = {}
        while queues and len(chosen) < SHOWN:
            queues = [queue for queue in queues if _take(queue, chosen)]
        return list(chosen.values())


def _take(queue: Iterator[tuple[float, int, Suspect]], chosen: dict[str, Suspect]) -> bool:
    """Move the next new gene of a queue to the chosen ones; returns whether there was one."""
    for _, _, suspect in queue:
        if suspect.gene_id not in chosen:
            if len(chosen) < SHOWN:
                chosen[suspect.gene_id] = suspect
            return True
    return False


def concerns_about(
    gene: GeneBlock,
    attributes: Sequence[Mapping[str, str]],
    parts: Iterable[CodingPart],
    source: GeneBlock | None,
) -> list[Concern]:
    """Return what speaks against a predicted gene, the gravest kind first.

    Args:
        gene: the prediction.
        attributes: of its transcripts.
        parts: their coding parts.
        source: the gene as the input has it; without a CDS it says nothing.
    """
    found = [
        *_doubt(gene),
        *_frames(attributes),
        *_distance(gene, source),
        *_unlikely_ends(parts),
    ]
    confidence = float(attributes[0]["confidence"])
    if confidence < LOW_CONFIDENCE:
        text = f"low confidence ({confidence:.2f})"
        found.append(Concern(Kind.LOW_CONFIDENCE, 1 - confidence, text))
    odd = 0
    for values in attributes:
        canonical, introns = values["canonical_splice"].split("/")
        odd = max(odd, int(introns) - int(canonical))
    if odd:
        text = f"{odd} intron{'s' * (odd > 1)} with unusual splice sites"
        found.append(Concern(Kind.ODD_INTRON, odd, text))
    farthest = max(
        (abs(offset) for values in attributes for _, offset in moves_of(values)), default=0
    )
    if farthest >= FAR_MOVE:
        text = f"refinement moved a boundary by {farthest} nt"
        found.append(Concern(Kind.FAR_MOVE, farthest, text))
    return sorted(found, key=lambda concern: concern.kind)


def unlikely_parts(parts: Iterable[CodingPart]) -> list[CodingPart]:
    """Return the coding parts of whose ends, as it wrote them, the model is not sure."""
    return [part for part in parts if part.probability < UNLIKELY and not part.moved]


def concern_about_lost(lost: LostGene, source: GeneBlock, *, kept: bool) -> list[Concern]:
    """Return what the loss of a coding gene of the input means; nothing where it has no CDS."""
    coding = length_of(coding_bases(source))
    if not coding:
        return []
    ending = "; the input's rows are kept" if kept else ""
    text = f"no gene model ({lost.reason}), while the input has {coding:,} nt of CDS{ending}"
    return [Concern(Kind.LOST, coding, text)]


def coding_bases(gene: GeneBlock) -> list[Interval]:
    """Return the union of the CDS of all transcripts, ascending."""
    return union(
        Interval(part.start, part.end) for transcript in gene.coding for part in transcript.cds
    )


def shared_fraction(one: Sequence[Interval], other: Sequence[Interval]) -> float:
    """Return the bases in both unions by the bases in either, 0 where both are empty."""
    both, i, j = 0, 0, 0
    while i < len(one) and j < len(other):
        both += max(0, min(one[i].end, other[j].end) - max(one[i].start, other[j].start))
        if one[i].end <= other[j].end:
            i += 1
        else:
            j += 1
    either = length_of(one) + length_of(other) - both
    return both / either if either else 0.0


def _doubt(gene: GeneBlock) -> Iterator[Concern]:
    doubt = gene.values().get("doubt")
    if doubt:
        yield Concern(Kind.DOUBT, 1, f"kept in spite of doubt ({doubt})")


def _unlikely_ends(parts: Iterable[CodingPart]) -> Iterator[Concern]:
    unlikely = set(unlikely_parts(parts))
    if unlikely:
        worst = min(unlikely, key=lambda part: (part.probability, part.start))
        text = (
            f"unsure of {ENDS[worst.place]} at {worst.start + 1:,}–{worst.end:,} "
            f"(probability {worst.probability:.2f})"
        )
        if len(unlikely) > 1:
            text += f" and of {len(unlikely) - 1} more coding part{'s' * (len(unlikely) > 2)}"
        yield Concern(Kind.UNLIKELY_ENDS, 1 - worst.probability, text)


def _frames(attributes: Sequence[Mapping[str, str]]) -> Iterator[Concern]:
    stops = [int(values["inframe_stops"]) for values in attributes]
    frames = [values.get("orf", "") for values in attributes]
    broken = [
        stop for stop, frame in zip(stops, frames, strict=True) if frame == Orf.BROKEN or stop
    ]
    if broken:
        worst = max(broken)
        inside = f" ({worst} stop codon{'s' * (worst > 1)} in frame)" if worst else ""
        which = f"in {len(broken)} of {len(attributes)} transcripts" if len(attributes) > 1 else ""
        text = " ".join(f"broken reading frame {which}".split()) + inside
        yield Concern(Kind.BROKEN_FRAME, len(broken) / len(attributes) + worst, text)
    for frame, lacking in ((Orf.PARTIAL5, "start"), (Orf.PARTIAL3, "stop")):
        if frame in frames:
            share = frames.count(frame) / len(frames)
            yield Concern(Kind.PARTIAL, share, f"partial: no {lacking} codon")


def _distance(gene: GeneBlock, source: GeneBlock | None) -> Iterator[Concern]:
    before = coding_bases(source) if source else []
    if not source or not before:
        return
    if source.strand in "+-" and source.strand != gene.strand:
        yield Concern(Kind.FAR_FROM_INPUT, 1, "on the strand opposite to the input's")
        return
    shared = shared_fraction(before, coding_bases(gene))
    if shared < FAR_FROM_INPUT:
        text = f"far from the input: {shared:.0%} of the coding bases of either are in both"
        yield Concern(Kind.FAR_FROM_INPUT, 1 - shared, text)
