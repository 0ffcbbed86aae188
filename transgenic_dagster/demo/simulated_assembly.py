"""The demo assembly in memory: which genes lie where, and the DNA between them."""

from dataclasses import dataclass, replace

from transgenic_dagster.demo.draw import Draw
from transgenic_dagster.demo.simulated_gene import (
    GC_CONTENT,
    GenePlan,
    Isoform,
    SimulatedGene,
    coding_exons,
    intron,
    simulate_gene,
)
from transgenic_dagster.demo.true_gene import Expected, Feature, TrueGene, place, with_phases
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR
from transgenic_dagster.sequences.dna import reverse_complement

SEED = 272
LONG_INTRON = (6_000, 8_500)
"""Size (nt) of the introns that lead to windows of 12,288 nt."""
TOO_LONG_INTRON = 13_000
"""Size (nt) of the intron that leads to a window longer than the demo model's 12,288 nt."""
ASSEMBLY_GAP = 100
"""Number of N (nt) in the assembly's one gap."""

ORDINARY_PLANS = (
    GenePlan(2),
    GenePlan(3, isoforms=(Isoform.SKIPPED_EXON,)),
    GenePlan(1),
    GenePlan(4),
    GenePlan(2, isoforms=(Isoform.LATER_ACCEPTOR,)),
    GenePlan(1, utr=False),
    GenePlan(3, utr_intron=True),
    GenePlan(2, isoforms=(Isoform.EARLIER_END,)),
    GenePlan(7),
    GenePlan(3, isoforms=(Isoform.LATER_START, Isoform.LATER_ACCEPTOR)),
    GenePlan(2, utr=False),
)


@dataclass(frozen=True, slots=True)
class SimulatedAssembly:
    """All sequences (soft-masked, in file order) and all genes, those without a sequence last."""

    sequences: dict[str, str]
    genes: tuple[TrueGene, ...]


class _SequenceBuilder:
    """Grows one sequence from its first base to its last."""

    def __init__(self, seqid: str, gene_prefix: str, draw: Draw, transposons: list[str]) -> None:
        self.seqid = seqid
        self.dna = ""
        self.genes: list[TrueGene] = []
        self._gene_prefix = gene_prefix
        self._draw = draw
        self._transposons = transposons

    def add_dna(self, dna: str) -> None:
        """Append DNA that holds no gene."""
        self.dna += dna

    def add_spacer(self, shortest: int = 1_500, longest: int = 3_500) -> None:
        """Append intergenic DNA, half of the time with a soft-masked transposon copy in it."""
        left, right = self._draw.integer(shortest, longest), self._draw.integer(300, 900)
        self.add_dna(self._draw.dna(left, GC_CONTENT))
        if self._draw.chance(0.5):
            self.add_dna(transposon_copy(self._draw, self._transposons))
        self.add_dna(self._draw.dna(right, GC_CONTENT))

    def add_ordinary_genes(self, count: int) -> None:
        """Append ``count`` genes of the usual shapes in turn, each after a spacer."""
        for number in range(count):
            self.add_spacer()
            self.add_gene(ORDINARY_PLANS[number % len(ORDINARY_PLANS)])

    def add_gene(
        self, plan: GenePlan, expected: Expected = Expected.ANNOTATED, *, masked: bool = False
    ) -> None:
        """Append a protein-coding gene on a random strand, soft-masked if asked."""
        gene = simulate_gene(self._draw, plan)
        if masked:
            gene = replace(gene, sequence=gene.sequence.lower())
        self.place_gene(gene, self._draw.one_of("+-"), expected)

    def place_gene(self, gene: SimulatedGene, strand: str, expected: Expected) -> None:
        """Append a gene on the given strand."""
        start, length = len(self.dna), len(gene.sequence)
        self.dna += gene.sequence if strand == "+" else reverse_complement(gene.sequence)
        self.genes.append(
            TrueGene(
                gene_id=f"{self._gene_prefix}{(len(self.genes) + 1) * 10:05d}",
                seqid=self.seqid,
                start=start,
                end=len(self.dna),
                strand=strand,
                transcripts=tuple(
                    place(transcript, start, length, strand) for transcript in gene.transcripts
                ),
                expected=expected,
            )
        )


def simulate_assembly() -> SimulatedAssembly:
    """Make the demo assembly, the same at every call."""
    draw = Draw(SEED)
    transposons = [draw.dna(draw.integer(700, 1_600), GC_CONTENT) for _ in range(4)]
    builders = [
        _chromosome_1(draw, transposons),
        _chromosome_2(draw, transposons),
        *_scaffolds(draw, transposons),
    ]
    genes = [gene for builder in builders for gene in builder.genes]
    return SimulatedAssembly(
        sequences={builder.seqid: builder.dna for builder in builders},
        genes=(*genes, _gene_without_sequence()),
    )


def transposon_copy(draw: Draw, transposons: list[str]) -> str:
    """Draw a diverged, soft-masked copy of one of the transposons, on a random strand."""
    letters = [
        draw.one_of("ACGT") if draw.chance(0.1) else letter for letter in draw.one_of(transposons)
    ]
    copy = "".join(letters).lower()
    return copy if draw.chance(0.5) else reverse_complement(copy)


def _transposon_nest(draw: Draw, transposons: list[str], length: int) -> str:
    """Draw at least ``length`` nt of transposon copies with ordinary DNA between them."""
    nest = ""
    while len(nest) < length:
        nest += draw.dna(draw.integer(200, 600), GC_CONTENT) + transposon_copy(draw, transposons)
    return nest


def _long_plan(draw: Draw, transposons: list[str], length: int) -> GenePlan:
    return GenePlan(3, long_intron=_transposon_nest(draw, transposons, length))


def _chromosome_1(draw: Draw, transposons: list[str]) -> _SequenceBuilder:
    """Starts with a gene at its very first base; holds a gap and the gene that is too long."""
    chromosome = _SequenceBuilder("Chr1", "DEMO1G", draw, transposons)
    chromosome.add_gene(GenePlan(2))
    chromosome.add_dna("N" * ASSEMBLY_GAP)
    chromosome.add_ordinary_genes(10)
    chromosome.add_spacer()
    chromosome.add_gene(_long_plan(draw, transposons, TOO_LONG_INTRON), Expected.WINDOW_TOO_LONG)
    for _ in range(3):
        chromosome.add_spacer()
        chromosome.add_gene(_long_plan(draw, transposons, draw.integer(*LONG_INTRON)))
    chromosome.add_spacer()
    chromosome.place_gene(_trans_spliced_gene(draw), "+", Expected.MIXED_STRAND)
    chromosome.add_ordinary_genes(10)
    chromosome.add_spacer()
    return chromosome


def _chromosome_2(draw: Draw, transposons: list[str]) -> _SequenceBuilder:
    """Ends with a gene at its very last base; holds the non-coding gene and a masked one."""
    chromosome = _SequenceBuilder("Chr2", "DEMO2G", draw, transposons)
    chromosome.add_ordinary_genes(8)
    chromosome.add_spacer()
    chromosome.add_gene(GenePlan(3), masked=True)
    for _ in range(2):
        chromosome.add_spacer()
        chromosome.add_gene(_long_plan(draw, transposons, draw.integer(*LONG_INTRON)))
    chromosome.add_spacer()
    chromosome.place_gene(_non_coding_gene(draw), "-", Expected.NO_CDS)
    chromosome.add_ordinary_genes(5)
    chromosome.add_spacer()
    chromosome.add_gene(GenePlan(2))
    return chromosome


def _scaffolds(draw: Draw, transposons: list[str]) -> list[_SequenceBuilder]:
    """One scaffold with three genes, and two that are shorter than the shortest window."""
    first = _SequenceBuilder("scaffold_1", "DEMOS1G", draw, transposons)
    first.add_ordinary_genes(3)
    first.add_spacer()
    small = []
    for number in (2, 3):
        scaffold = _SequenceBuilder(f"scaffold_{number}", f"DEMOS{number}G", draw, transposons)
        scaffold.add_dna(draw.dna(draw.integer(300, 600), GC_CONTENT))
        scaffold.add_gene(GenePlan(2))
        scaffold.add_dna(draw.dna(draw.integer(300, 600), GC_CONTENT))
        small.append(scaffold)
    return [first, *small]


def _non_coding_gene(draw: Draw) -> SimulatedGene:
    """A long non-coding RNA; the gene sentence has only UTR names for its two exons."""
    first, gap, second = draw.dna(260, GC_CONTENT), intron(draw), draw.dna(410, GC_CONTENT)
    second_start = len(first) + len(gap)
    transcript = (
        Feature(FIVE_PRIME_UTR, 0, len(first)),
        Feature(FIVE_PRIME_UTR, second_start, second_start + len(second)),
    )
    return SimulatedGene(first + gap + second, (transcript,))


def _trans_spliced_gene(draw: Draw) -> SimulatedGene:
    """A gene whose second exon lies on the other strand, as in some organelle genomes."""
    first, second = coding_exons(draw, GenePlan(2))
    gap = draw.dna(700, GC_CONTENT)
    second_start = len(first) + len(gap)
    transcript = with_phases(
        (
            Feature(CDS, 0, len(first)),
            Feature(CDS, second_start, second_start + len(second), strand="-"),
        )
    )
    return SimulatedGene(first + gap + reverse_complement(second), (transcript,))


def _gene_without_sequence() -> TrueGene:
    """A mitochondrial gene of the annotation; the assembly has no mitochondrial sequence."""
    transcript = with_phases([Feature(CDS, 12_400, 13_360)])
    return TrueGene(
        "DEMOMG00010", "ChrM", 12_400, 13_360, "+", (transcript,), Expected.UNKNOWN_SEQUENCE
    )
