"""Agreement of coding structures beyond gffcompare: exact CDS, phases, isoforms."""

from collections.abc import Sequence
from dataclasses import dataclass

from transgenic_dagster.evaluation.measures import Isoforms, Level, PhaseAgreement
from transgenic_dagster.evaluation.segments import Segment
from transgenic_dagster.evaluation.splicing_events import EVENT_NAMES, EventKind, find_events
from transgenic_dagster.evaluation.transcripts import Transcript, by_gene

_Structure = tuple[str, tuple[Segment, ...]]
"""Strand and coding exons."""


@dataclass(slots=True)
class _Side:
    coding: int = 0
    coding_exact: int = 0
    genes: int = 0
    genes_with_exact: int = 0
    genes_exact: int = 0
    all_genes: int = 0
    transcripts: int = 0
    multi_isoform: int = 0


class CodingCounts:
    """Adds up, sequence by sequence, what the coding parts of two annotations share."""

    def __init__(self) -> None:
        self._predicted = _Side()
        self._reference = _Side()
        self._shared_parts = 0
        self._agreeing_parts = 0
        self._events = {kind: [0, 0, 0] for kind in EventKind}

    def add(self, predicted: Sequence[Transcript], reference: Sequence[Transcript]) -> None:
        """Count the transcripts of one sequence."""
        ours = [set(_structures(genes)) for genes in by_gene(predicted).values()]
        theirs = [set(_structures(genes)) for genes in by_gene(reference).values()]
        _count(self._predicted, predicted, ours, theirs)
        _count(self._reference, reference, theirs, ours)
        self._add_phases(predicted, reference)
        self._add_events(predicted, reference)

    def _add_phases(self, predicted: Sequence[Transcript], reference: Sequence[Transcript]) -> None:
        ours, theirs = _phases(predicted), _phases(reference)
        for part in ours.keys() & theirs.keys():
            self._shared_parts += 1
            self._agreeing_parts += bool(ours[part] & theirs[part])

    def _add_events(self, predicted: Sequence[Transcript], reference: Sequence[Transcript]) -> None:
        ours, theirs = (
            {event for gene in by_gene(side).values() for event in find_events(gene)}
            for side in (predicted, reference)
        )
        for events, column in ((ours & theirs, 0), (theirs, 1), (ours, 2)):
            for kind, _, _ in events:
                self._events[kind][column] += 1

    @property
    def levels(self) -> tuple[Level, ...]:
        """Transcripts with exactly the same CDS, genes with one such isoform, with all."""
        ours, theirs = self._predicted, self._reference
        return (
            Level(
                *("CDS-exact transcript", theirs.coding_exact, theirs.coding),
                *(ours.coding_exact, ours.coding),
            ),
            Level(
                *("gene, an isoform CDS-exact", theirs.genes_with_exact, theirs.genes),
                *(ours.genes_with_exact, ours.genes),
            ),
            Level(
                *("gene, all isoforms CDS-exact", theirs.genes_exact, theirs.genes),
                *(ours.genes_exact, ours.genes),
            ),
        )

    @property
    def phases(self) -> PhaseAgreement:
        """Agreement of phases."""
        return PhaseAgreement(self._shared_parts, self._agreeing_parts)

    @property
    def predicted_isoforms(self) -> Isoforms:
        """Isoforms of predicted genes."""
        return _isoforms(self._predicted)

    @property
    def reference_isoforms(self) -> Isoforms:
        """Isoforms of reference genes."""
        return _isoforms(self._reference)

    @property
    def events(self) -> tuple[Level, ...]:
        """Splicing events by kind."""
        return tuple(
            Level(EVENT_NAMES[kind], both, theirs, both, ours)
            for kind, (both, theirs, ours) in self._events.items()
        )


def _structures(transcripts: Sequence[Transcript]) -> list[_Structure]:
    return [(one.strand, one.coding_exons) for one in transcripts if one.cds]


def _count(
    side: _Side,
    transcripts: Sequence[Transcript],
    genes: Sequence[set[_Structure]],
    other_genes: Sequence[set[_Structure]],
) -> None:
    others = {structure for gene in other_genes for structure in gene}
    whole = {frozenset(gene) for gene in other_genes}
    structures = _structures(transcripts)
    coding_genes = [gene for gene in genes if gene]
    side.coding += len(structures)
    side.coding_exact += sum(structure in others for structure in structures)
    side.genes += len(coding_genes)
    side.genes_with_exact += sum(not gene.isdisjoint(others) for gene in coding_genes)
    side.genes_exact += sum(frozenset(gene) in whole for gene in coding_genes)
    isoforms = [len(gene) for gene in by_gene(transcripts).values()]
    side.all_genes += len(isoforms)
    side.transcripts += sum(isoforms)
    side.multi_isoform += sum(count > 1 for count in isoforms)


def _phases(transcripts: Sequence[Transcript]) -> dict[tuple[str, Segment], set[int]]:
    phases: dict[tuple[str, Segment], set[int]] = {}
    for one in transcripts:
        for part, phase in zip(one.cds, one.phases, strict=True):
            if phase is not None:
                phases.setdefault((one.strand, part), set()).add(phase)
    return phases


def _isoforms(side: _Side) -> Isoforms:
    return Isoforms(side.all_genes, side.transcripts, side.multi_isoform)
