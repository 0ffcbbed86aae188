"""The change log: what became of each gene of the input in the output.

Genes on one strand that share half of the nucleotides of the smaller one are paired, the most alike
first. A gene that is left without a partner joins the gene that it shares as much with, which then
was split, or merged; or, with less in common, a gene that has no partner either. Coding nucleotides
count where both genes have any, else those of exons. What has no partner was lost, or is new; the
coding structures of the others tell the rest.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from transgenic_dagster.evaluation.annotation_reader import Annotation
from transgenic_dagster.evaluation.change_log import Change, ChangeLog, GeneChange
from transgenic_dagster.evaluation.isoforms import isoforms
from transgenic_dagster.evaluation.segments import Placed, Segment, merge, shared, total
from transgenic_dagster.evaluation.transcripts import Transcript, by_gene, span
from transgenic_dagster.sequences.natural_order import natural_key

_Structure = tuple[Segment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Gene:
    """A gene of either annotation; ``cds`` and ``exons`` are unions over its transcripts."""

    gene_id: str
    seqid: str
    strand: str
    start: int
    end: int
    transcripts: tuple[Transcript, ...]
    cds: tuple[Segment, ...]
    exons: tuple[Segment, ...]

    @property
    def coding_structures(self) -> frozenset[_Structure]:
        """Distinct coding structures; of a gene without CDS, its exons."""
        coding = frozenset(one.coding_exons for one in self.transcripts if one.cds)
        return coding or frozenset(one.exons for one in self.transcripts)

    @property
    def structures(self) -> frozenset[tuple[_Structure, _Structure]]:
        """Distinct transcripts, exons and coding parts."""
        return frozenset((one.exons, one.coding_exons) for one in self.transcripts)


class _Pair(NamedTuple):
    """Two genes that share nucleotides.

    Args:
        before: the input gene.
        after: the output gene.
        likeness: whether they are the same, and the shared part of all their nucleotides.
        is_strong: whether half of the smaller one is shared.
    """

    before: _Gene
    after: _Gene
    likeness: tuple[bool, float]
    is_strong: bool


def find_changes(
    before: Annotation, after: Annotation, off_target: Collection[tuple[str, str]] = frozenset()
) -> ChangeLog:
    """Tell what became of each gene.

    Args:
        before: the input annotation.
        after: the output annotation; what it tells of the input genes that its genes were predicted
            for (``origins``) decides whether a prediction is off target.
        off_target: sequence and identifier of input genes whose prediction was off target and is
            not in the output.
    """
    seqids = sorted(before.transcripts.keys() | after.transcripts.keys(), key=natural_key)
    rows: list[GeneChange] = []
    for seqid in seqids:
        inputs = _genes(before.transcripts.get(seqid, []))
        outputs = _genes(after.transcripts.get(seqid, []))
        rows += _changes(inputs, outputs, after.origins, off_target)
    return ChangeLog(tuple(rows))


def _genes(transcripts: Iterable[Transcript]) -> list[_Gene]:
    genes = []
    for (strand, gene_id), members in by_gene(isoforms(transcripts)).items():
        start, end = span(members)
        cds = tuple(merge(part for one in members for part in one.cds))
        exons = tuple(merge(exon for one in members for exon in one.exons))
        seqid = members[0].seqid
        genes.append(_Gene(gene_id, seqid, strand, start, end, tuple(members), cds, exons))
    return sorted(genes, key=lambda gene: (gene.start, gene.end, gene.gene_id))


def _changes(
    inputs: Sequence[_Gene],
    outputs: Sequence[_Gene],
    origins: Mapping[tuple[str, str], str],
    off_target: Collection[tuple[str, str]],
) -> list[GeneChange]:
    links = _link(inputs, outputs)
    linked_outputs: dict[_Gene, list[_Gene]] = {}
    for gene, partners in links.items():
        for partner in partners:
            linked_outputs.setdefault(partner, []).append(gene)
    made_for: dict[str, list[_Gene]] = {}
    for gene in outputs:
        if origin := origins.get((gene.seqid, gene.gene_id)):
            made_for.setdefault(origin, []).append(gene)
    elsewhere: set[_Gene] = set()
    rows = []
    for gene in inputs:
        partners = links.get(gene, [])
        if not partners:
            away = [one for one in made_for.get(gene.gene_id, []) if one not in linked_outputs]
            elsewhere.update(away)
            is_elsewhere = away or (gene.seqid, gene.gene_id) in off_target
            rows.append(
                _row(Change.OFF_TARGET if is_elsewhere else Change.LOST, [gene], gene, away)
            )
        elif len(partners) > 1:
            rows.append(_row(Change.SPLIT, [gene], gene, partners))
        elif len(linked_outputs[partners[0]]) > 1:
            rows.append(_row(Change.MERGED, linked_outputs[partners[0]], gene, partners))
        else:
            rows.append(_row(_change(gene, partners[0]), [gene], gene, partners))
    rows += [
        _row(Change.NEW, [], gene, [gene])
        for gene in outputs
        if gene not in linked_outputs and gene not in elsewhere
    ]
    return sorted(rows, key=lambda row: (row.start, row.end, row.input_gene, row.output_genes))


def _link(inputs: Sequence[_Gene], outputs: Sequence[_Gene]) -> dict[_Gene, list[_Gene]]:
    """Return the output genes of each input gene that has any, by position."""
    pairs = _pairs(inputs, outputs)
    links: dict[_Gene, list[_Gene]] = {}
    linked: set[_Gene] = set()
    for pair in pairs:
        if pair.is_strong and pair.before not in links and pair.after not in linked:
            links[pair.before] = [pair.after]
            linked.add(pair.after)
    paired = set(links), set(linked)
    for pair in pairs:
        is_free = pair.before not in links, pair.after not in linked
        if pair.is_strong and (pair.before not in paired[0] or pair.after not in paired[1]):
            is_wanted = any(is_free)
        else:
            is_wanted = all(is_free)
        if is_wanted:
            links.setdefault(pair.before, []).append(pair.after)
            linked.add(pair.after)
    for partners in links.values():
        partners.sort(key=lambda gene: (gene.start, gene.end, gene.gene_id))
    return links


def _pairs(inputs: Sequence[_Gene], outputs: Sequence[_Gene]) -> list[_Pair]:
    """Return all genes that share nucleotides, the most alike first."""
    placed = Placed(outputs)
    pairs = []
    for gene in inputs:
        for partner in placed.overlapping(gene.start, gene.end):
            common, sizes = _common(gene, partner)
            if common:
                is_same = gene.structures == partner.structures
                likeness = (is_same, common / (sum(sizes) - common))
                pairs.append(_Pair(gene, partner, likeness, 2 * common >= min(sizes)))
    return sorted(
        pairs,
        key=lambda pair: (
            *(-pair.likeness[0], -pair.likeness[1], pair.before.start, pair.after.start),
            *(pair.before.gene_id, pair.after.gene_id),
        ),
    )


def _common(one: _Gene, other: _Gene) -> tuple[int, tuple[int, int]]:
    """Return the nucleotides that two genes share, and those of each."""
    if one.strand != other.strand:
        return 0, (0, 0)
    ours, theirs = (one.cds, other.cds) if one.cds and other.cds else (one.exons, other.exons)
    return shared(ours, theirs), (total(ours), total(theirs))


def _change(before: _Gene, after: _Gene) -> Change:
    """Tell the change of a gene with one partner that has no other."""
    old, new = before.coding_structures, after.coding_structures
    if before.structures == after.structures:
        return Change.UNCHANGED
    if old == new:
        return Change.UTR_ONLY
    if not old & new:
        return Change.CDS_CHANGED
    if old < new:
        return Change.ISOFORM_GAINED
    return Change.ISOFORM_LOST if new < old else Change.ISOFORM_GAINED_AND_LOST


def _row(
    change: Change, before: Sequence[_Gene], gene: _Gene, after: Sequence[_Gene]
) -> GeneChange:
    old = frozenset(one for part in before for one in part.coding_structures)
    new = frozenset(one for part in after for one in part.coding_structures)
    return GeneChange(
        change=change,
        seqid=gene.seqid,
        start=gene.start,
        end=gene.end,
        strand=gene.strand,
        input_gene=gene.gene_id if before else "",
        output_genes=tuple(one.gene_id for one in after),
        input_isoforms=sum(len(one.transcripts) for one in before),
        output_isoforms=sum(len(one.transcripts) for one in after),
        gained=len(new - old),
        lost=len(old - new),
    )
