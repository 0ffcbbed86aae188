"""Selection of genes: compares predictions with their input genes and with one another.

Three faults, looked for in this order; a gene that has one does not rule out others:

- ``off_target``: the prediction shares no base of its span with its input gene.
- ``duplicate_prediction``: another prediction on the strand has the same set of coding structures.
  The one whose input gene overlaps it most stays, then the likelier, then the first.
- ``overlapping_gene``: the CDS (union over isoforms) of two genes on one strand overlap by at least
  half of the shorter one, while their input genes do not overlap. Genes are accepted from the
  likeliest down, so that only an accepted gene rules out others.

Genes on opposite strands never meet, and genes whose inputs overlap, such as nested ones, may.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from transgenic_dagster.gene_models.gene_model import GeneModel, Interval
from transgenic_dagster.regions.region import Region
from transgenic_dagster.reject_reason import RejectReason

P = TypeVar("P")

_FEWEST_TO_DECIDE = 256


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P]):
    """Prediction for a region, or its absence.

    Args:
        region: the region; its window holds the gene.
        gene: the prediction, None where there is none.
        likelihood: of the prediction; larger is likelier, on one scale for all candidates.
        payload: anything to be handed on.
    """

    region: Region
    gene: GeneModel | None
    likelihood: float
    payload: P


class Doubt(NamedTuple):
    """Reason against a predicted gene: a stable code, and a sentence for people."""

    reason: RejectReason
    detail: str


def select_genes(
    regions: Sequence[Region], candidates: Iterable[Candidate[P]]
) -> Iterator[tuple[Candidate[P], Doubt | None]]:
    """Yield the candidates in their order, each with what speaks against it.

    Where regions are sorted, a candidate is kept back only until no later window reaches what
    overlaps it, so that memory does not grow with the genome. In any other order the results are
    the same, and more candidates are kept back.

    Args:
        regions: the regions of all candidates, in the same order.
        candidates: one per region.

    Raises:
        ValueError: there are more or fewer candidates than regions.
    """
    waiting: deque[_Waiting[P]] = deque()
    later_windows: dict[str, float] = {}
    decide_at = _FEWEST_TO_DECIDE
    starts = _starts_of_later_windows(regions)
    for order, (candidate, start) in enumerate(zip(candidates, starts, strict=True)):
        later_windows[candidate.region.seqid] = start
        waiting.append(_Waiting(candidate, _prediction(order, candidate)))
        if len(waiting) >= decide_at:
            _decide(waiting, later_windows)
            yield from _decided(waiting)
            # Waiting until the rest has doubled keeps the work for a long rest small.
            decide_at = max(_FEWEST_TO_DECIDE, 2 * len(waiting))
    _decide(waiting, later_windows)
    yield from _decided(waiting)


@dataclass(slots=True)
class _Prediction:
    """A predicted gene as far as others are compared with it.

    Args:
        order: position among the candidates.
        region: the region that it was predicted for.
        strand: as predicted.
        likelihood: larger is likelier.
        structures: the CDS parts of each isoform.
        coding: the union of all CDS parts, ascending.
        input_overlap: bases that its span shares with its input gene.
        is_decided: whether ``doubt`` is final.
        doubt: what speaks against it.
    """

    order: int
    region: Region
    strand: str
    likelihood: float
    structures: frozenset[tuple[Interval, ...]]
    coding: list[Interval]
    input_overlap: int
    is_decided: bool = False
    doubt: Doubt | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Sequence and strand; predictions of different places do not meet."""
        return self.region.seqid, self.strand

    @property
    def coding_length(self) -> int:
        """Number of coding bases."""
        return sum(part.end - part.start for part in self.coding)


@dataclass(slots=True)
class _Waiting(Generic[P]):
    candidate: Candidate[P]
    prediction: _Prediction | None


def _starts_of_later_windows(regions: Sequence[Region]) -> list[float]:
    """Return for each region where the leftmost later window on its sequence starts."""
    starts: list[float] = []
    leftmost: dict[str, float] = {}
    for region in reversed(regions):
        start = leftmost.get(region.seqid, math.inf)
        starts.append(start)
        leftmost[region.seqid] = min(start, region.window_start)
    return starts[::-1]


def _prediction(order: int, candidate: Candidate[P]) -> _Prediction | None:
    gene, region = candidate.gene, candidate.region
    if gene is None:
        return None
    structures = frozenset(
        tuple(Interval(part.start, part.end) for part in transcript.structure.cds)
        for transcript in gene.transcripts
    )
    overlap = min(gene.end, region.gene_end) - max(gene.start, region.gene_start)
    prediction = _Prediction(
        order,
        region,
        gene.strand,
        candidate.likelihood,
        structures,
        _union(part for structure in structures for part in structure),
        overlap,
    )
    if overlap <= 0:
        prediction.is_decided = True
        prediction.doubt = Doubt(
            RejectReason.OFF_TARGET,
            f"the predicted gene at {gene.start + 1}..{gene.end} ({gene.strand}) shares no base "
            f"with the input gene at {region.gene_start + 1}..{region.gene_end}",
        )
    return prediction


def _decided(waiting: "deque[_Waiting[P]]") -> Iterator[tuple[Candidate[P], Doubt | None]]:
    """Take the decided candidates off the front."""
    while waiting and ((first := waiting[0].prediction) is None or first.is_decided):
        yield waiting.popleft().candidate, first.doubt if first else None


def _decide(waiting: Iterable[_Waiting[P]], later_windows: Mapping[str, float]) -> None:
    """Decide on all predictions that no later one can overlap."""
    undecided = [
        one.prediction for one in waiting if one.prediction and not one.prediction.is_decided
    ]
    undecided.sort(key=lambda one: (one.place, one.coding[0].start, one.order))
    for (seqid, _), predictions in groupby(undecided, key=lambda one: one.place):
        for cluster in _clusters(predictions):
            if max(one.coding[-1].end for one in cluster) <= later_windows[seqid]:
                _judge(cluster)


def _clusters(predictions: Iterable[_Prediction]) -> Iterator[list[_Prediction]]:
    """Yield runs of predictions, which come by their first CDS base, that overlap in a chain."""
    cluster: list[_Prediction] = []
    end = 0
    for one in predictions:
        if cluster and one.coding[0].start >= end:
            yield cluster
            cluster = []
        end = max(end, one.coding[-1].end) if cluster else one.coding[-1].end
        cluster.append(one)
    if cluster:
        yield cluster


def _judge(cluster: Sequence[_Prediction]) -> None:
    """Decide on predictions of one strand that no other one overlaps."""
    for one in cluster:
        one.is_decided = True
    if len(cluster) > 1:
        _doubt_overlapping(_doubt_duplicates(cluster))


def _doubt_duplicates(cluster: Sequence[_Prediction]) -> list[_Prediction]:
    """Doubt repeated structures; return the others in the same order."""
    best: dict[frozenset[tuple[Interval, ...]], _Prediction] = {}
    for one in sorted(cluster, key=lambda one: (-one.input_overlap, *_rank(one))):
        kept = best.setdefault(one.structures, one)
        if kept is not one:
            one.doubt = Doubt(
                RejectReason.DUPLICATE_PREDICTION,
                "the predicted gene repeats the coding structure that was predicted for gene "
                f"{kept.region.gene_id}",
            )
    return [one for one in cluster if one.doubt is None]


def _doubt_overlapping(predictions: Sequence[_Prediction]) -> None:
    """Doubt what an accepted, likelier prediction rules out; they come by their first CDS base."""
    rivals: dict[int, list[tuple[_Prediction, int]]] = {one.order: [] for one in predictions}
    reaching: list[_Prediction] = []
    for one in predictions:
        reaching = [other for other in reaching if other.coding[-1].end > one.coding[0].start]
        for other in reaching:
            if shared := _excessive_overlap(one, other):
                rivals[one.order].append((other, shared))
                rivals[other.order].append((one, shared))
        reaching.append(one)
    accepted: set[int] = set()
    for one in sorted(predictions, key=_rank):
        accepted_rivals = [rival for rival in rivals[one.order] if rival[0].order in accepted]
        if not accepted_rivals:
            accepted.add(one.order)
            continue
        likeliest, shared = min(accepted_rivals, key=lambda rival: _rank(rival[0]))
        one.doubt = Doubt(
            RejectReason.OVERLAPPING_GENE,
            f"{shared} of the {one.coding_length} coding bases are also coding in the likelier "
            f"gene that was predicted for gene {likeliest.region.gene_id}",
        )


def _rank(prediction: _Prediction) -> tuple[float, int]:
    """Sort key: the likelier first, then the earlier."""
    return -prediction.likelihood, prediction.order


def _excessive_overlap(one: _Prediction, other: _Prediction) -> int:
    """Return the coding bases that two genes share, 0 where they may share them."""
    first, second = one.region, other.region
    if first.gene_start < second.gene_end and second.gene_start < first.gene_end:
        return 0
    shared = _shared_bases(one.coding, other.coding)
    shorter = min(one.coding_length, other.coding_length)
    return shared if 2 * shared >= shorter else 0


def _shared_bases(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    """Return the overlap of two ascending lists of disjoint intervals."""
    shared = i = j = 0
    while i < len(one) and j < len(other):
        shared += max(0, min(one[i].end, other[j].end) - max(one[i].start, other[j].start))
        if one[i].end <= other[j].end:
            i += 1
        else:
            j += 1
    return shared


def _union(parts: Iterable[Interval]) -> list[Interval]:
    union: list[Interval] = []
    for part in sorted(parts):
        if union and part.start <= union[-1].end:
            union[-1] = Interval(union[-1].start, max(union[-1].end, part.end))
        else:
            union.append(part)
    return union
