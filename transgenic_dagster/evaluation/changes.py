"""The change log: what became of each gene of the input in the output.

Two genes on one strand are linked if half of the nucleotides of the smaller one are shared. Coding
nucleotides count where both genes have any, else those of exons. Genes without such a link are
linked to the gene of the other annotation that they share most with, if that has none either. The
links decide between merged, split, lost and new, and the coding structures of linked pairs the
rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transgenic_dagster.evaluation.annotation_reader import Annotation
from transgenic_dagster.evaluation.change_log import Change, ChangeLog, GeneChange
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


def find_changes(before: Annotation, after: Annotation) -> ChangeLog:
    """Tell what became of each gene.

    Args:
        before: the input annotation.
        after: the output annotation; what it tells of the input genes that its genes were predicted
            for (``origins``) decides whether a prediction is off target.
    """
    seqids = sorted(before.transcripts.keys() | after.transcripts.keys(), key=natural_key)
    rows: list[GeneChange] = []
    for seqid in seqids:
        inputs = _genes(before.transcripts.get(seqid, []))
        outputs = _genes(after.transcripts.get(seqid, []))
        rows += _changes(inputs, outputs, after.origins)
    return ChangeLog(tuple(rows))


def _genes(transcripts: Iterable[Transcript]) -> list[_Gene]:
    genes = []
    for (strand, gene_id), isoforms in by_gene(transcripts).items():
        start, end = span(isoforms)
        cds = tuple(merge(part for one in isoforms for part in one.cds))
        exons = tuple(merge(exon for one in isoforms for exon in one.exons))
        seqid = isoforms[0].seqid
        genes.append(_Gene(gene_id, seqid, strand, start, end, tuple(isoforms), cds, exons))
    return sorted(genes, key=lambda gene: (gene.start, gene.end, gene.gene_id))


def _changes(
    inputs: Sequence[_Gene], outputs: Sequence[_Gene], origins: Mapping[tuple[str, str], str]
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
            rows.append(_row(Change.OFF_TARGET if away else Change.LOST, [gene], gene, away))
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
    """Return the output genes of each input gene that has any."""
    placed = Placed(outputs)
    links: dict[_Gene, list[_Gene]] = {}
    linked: set[_Gene] = set()
    weak: list[tuple[int, int, int]] = []
    for number, gene in enumerate(inputs):
        for partner in placed.overlapping(gene.start, gene.end):
            common, smaller = _common(gene, partner)
            if common and 2 * common >= smaller:
                links.setdefault(gene, []).insert(0, partner)
                linked.add(partner)
            elif common:
                weak.append((-common, number, outputs.index(partner)))
    for _, number, index in sorted(weak):
        gene, partner = inputs[number], outputs[index]
        if gene not in links and partner not in linked:
            links[gene] = [partner]
            linked.add(partner)
    return links


def _common(one: _Gene, other: _Gene) -> tuple[int, int]:
    """Return the nucleotides that two genes share, and those of the smaller one."""
    if one.strand != other.strand:
        return 0, 0
    ours, theirs = (one.cds, other.cds) if one.cds and other.cds else (one.exons, other.exons)
    return shared(ours, theirs), min(total(ours), total(theirs))


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
