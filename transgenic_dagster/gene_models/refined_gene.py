"""Builds the gene model of a region that costs least: model output and refinement decided together.

The search closes several hypotheses for a region. Each is read and refined against the DNA; the one
with the least -log-probability plus cost of refinement becomes the gene. Where the winner of the
search describes no gene, another takes its place only if that costs less than a gene all of whose
transcripts are broken: else the model's own answer stands.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from transgenic_dagster.gene_models.boundary_costs import BoundaryKind, digit_costs
from transgenic_dagster.gene_models.coding_exons import BoundaryCosts
from transgenic_dagster.gene_models.from_sentence import (
    ReadSentence,
    ReadTranscript,
    read_sentence,
)
from transgenic_dagster.gene_models.gene_model import (
    GeneModel,
    Orf,
    Transcript,
    TranscriptStructure,
)
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gene_models.refinement import ORF_COSTS, RefinedTranscript, refine_gene
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.gsf.digit_costs import CoordinateCosts, number_costs, number_probability
from transgenic_dagster.gsf.sentence import PredictedSentence
from transgenic_dagster.regions.region import Region


@dataclass(frozen=True, slots=True)
class _RefinedHypothesis:
    sentence: PredictedSentence
    read: ReadSentence
    refined: Sequence[RefinedTranscript]

    @property
    def cost(self) -> float:
        """-log-probability, and what refinement of all transcripts costs (nats)."""
        refinement = sum(one.total_cost for one in self.refined)
        return refinement - self.sentence.log_probability

    @property
    def cost_if_broken(self) -> float:
        """What refinement would cost if it found no reading frame in any transcript (nats)."""
        return ORF_COSTS[Orf.BROKEN] * len(self.refined)


def refined_gene_from_sentence(
    sentence: PredictedSentence, region: Region, window_sequence: str, max_distance: int
) -> tuple[GeneModel | None, list[Reject]]:
    """Build the gene model of one region from all hypotheses that its search closed.

    Args:
        sentence: what the model wrote for the region.
        region: the region; its window holds every coordinate of the gene model.
        window_sequence: forward strand of the window, upper-case ACGTN.
        max_distance: how far refinement may move a boundary (nt).

    Returns:
        The gene with its good transcripts, or None where no hypothesis has any; and the rejects of
        the hypothesis that was chosen, of the winner of the search where none was.
    """
    reads = [read_sentence(hypothesis, region) for hypothesis in sentence.hypotheses]
    possible = [
        _refine(hypothesis, read, region, window_sequence, max_distance)
        for hypothesis, read in zip(sentence.hypotheses, reads, strict=True)
        if read.transcripts
    ]
    if not reads[0].transcripts:
        possible = [h for h in possible if h.cost < h.cost_if_broken - sentence.log_probability]
    if not possible:
        return None, reads[0].rejects
    best = min(possible, key=lambda hypothesis: hypothesis.cost)
    shares = _structure_probabilities(sentence.hypotheses, possible)
    transcripts = _transcripts(best, shares, region, window_sequence)
    gene = GeneModel(
        gm_id=region.gene_id,
        seqid=region.seqid,
        strand=transcripts[0].structure.strand,
        confidence=best.sentence.confidence,
        transcripts=tuple(transcripts),
    )
    return gene, best.read.rejects


def _refine(
    sentence: PredictedSentence,
    read: ReadSentence,
    region: Region,
    window_sequence: str,
    max_distance: int,
) -> _RefinedHypothesis:
    assert read.parsed is not None, "it has transcripts"
    by_feature = number_costs(read.parsed, sentence.digit_costs)
    costs = [
        _boundary_costs(transcript, by_feature, region, max_distance) if by_feature else None
        for transcript in read.transcripts
    ]
    structures = [transcript.structure for transcript in read.transcripts]
    refined = refine_gene(structures, window_sequence, region.window_start, costs, max_distance)
    return _RefinedHypothesis(sentence, read, refined)


def _boundary_costs(
    transcript: ReadTranscript,
    by_feature: dict[str, CoordinateCosts],
    region: Region,
    max_distance: int,
) -> BoundaryCosts:
    """Costs of a transcript's coding boundaries, by what the model gave to other digits."""
    costs = []
    last = len(transcript.coding) - 1
    forward = transcript.structure.strand == "+"
    for i, feature in enumerate(transcript.coding):
        is_first, is_last = (i == 0, i == last) if forward else (i == last, i == 0)
        opens = BoundaryKind.START if is_first else BoundaryKind.ACCEPTOR
        closes = BoundaryKind.STOP if is_last else BoundaryKind.DONOR
        kinds = (opens, closes) if forward else (closes, opens)
        recorded = by_feature[feature.name]
        for number, nll, kind in zip(
            (feature.start, feature.end), (recorded.start, recorded.end), kinds, strict=True
        ):
            costs.append(digit_costs(number, nll, region.window_length, kind, max_distance))
    return costs


def _structure_probabilities(
    closed: Sequence[PredictedSentence], read: Sequence[_RefinedHypothesis]
) -> dict[TranscriptStructure, float]:
    """Share of the probability of all closed hypotheses that each structure has.

    Args:
        closed: the hypotheses; those that describe no gene count in the whole.
        read: those that do, refined; each counts for every structure in it.
    """
    best = max(one.log_probability for one in closed)
    whole = math.fsum(math.exp(one.log_probability - best) for one in closed)
    shares: dict[TranscriptStructure, float] = {}
    for one in read:
        share = math.exp(one.sentence.log_probability - best) / whole
        for structure in {refined.structure for refined in one.refined}:
            shares[structure] = shares.get(structure, 0.0) + share
    return shares


def _cds_probabilities(
    structure: TranscriptStructure,
    read: ReadTranscript,
    by_feature: dict[str, CoordinateCosts],
    region: Region,
) -> tuple[float, ...]:
    """Probability of the two ends of each CDS part, as they are after refinement."""
    if not by_feature:
        return ()
    features = list(read.coding)
    probabilities = []
    for i, part in enumerate(structure.cds):
        start, end = part.start - region.window_start, part.end - region.window_start
        written = features[i]
        if len(features) != len(structure.cds):  # an exon was left out
            written = min(features, key=lambda f: abs(f.start - start) + abs(f.end - end))
        costs = by_feature[written.name]
        probabilities.append(
            number_probability(start, costs.start) * number_probability(end, costs.end)
        )
    return tuple(probabilities)


def _transcripts(
    best: _RefinedHypothesis,
    shares: dict[TranscriptStructure, float],
    region: Region,
    window_sequence: str,
) -> list[Transcript]:
    """The transcripts of a gene; those that refinement made identical once."""
    assert best.read.parsed is not None, "it has transcripts"
    by_feature = number_costs(best.read.parsed, best.sentence.digit_costs)
    transcripts: list[Transcript] = []
    for read, refined in zip(best.read.transcripts, best.refined, strict=True):
        structure = refined.structure
        if any(structure == accepted.structure for accepted in transcripts):
            continue
        phases = [part.phase for part in structure.cds]
        written = [feature.phase for feature in read.coding]
        transcripts.append(
            Transcript(
                number=read.number,
                structure=structure,
                phase_adjusted=phases != written,
                quality=assess(structure, window_sequence, region.window_start),
                refinement=refined.refinement,
                probability=min(shares[structure], 1.0),
                cds_probabilities=_cds_probabilities(structure, read, by_feature, region),
                written=None if structure == read.structure else read.structure,
            )
        )
    return transcripts
