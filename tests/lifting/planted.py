"""A genome with genes, and a changed one of which it is known where each gene went."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

COMPLEMENT = np.zeros(256, np.uint8)
COMPLEMENT[list(b"ACGTN")] = list(b"TGCAN")


OTHER_STRAND = {"+": "-", "-": "+"}


def dna(chance: random.Random, length: int) -> str:
    return "".join(chance.choices("ACGT", k=length))


@dataclass
class Gene:
    gene_id: str
    seqid: str
    start: int
    end: int
    strand: str
    exons: list[tuple[int, int]]


@dataclass
class Strand:
    """A sequence of the new assembly, base by base.

    Args:
        bases: its letters.
        sources: where each base was in the old sequence; -1 for a new one.
        copies: 1 for bases of an extra copy.
        forward: whether the base has its old orientation.
    """

    bases: np.ndarray
    sources: np.ndarray
    copies: np.ndarray
    forward: np.ndarray

    def __getitem__(self, part: slice) -> "Strand":
        return Strand(*(array[part] for array in self.arrays()))

    def arrays(self):
        return self.bases, self.sources, self.copies, self.forward

    def flipped(self) -> "Strand":
        bases, sources, copies, forward = (array[::-1] for array in self.arrays())
        return Strand(COMPLEMENT[bases], sources, copies, ~forward)

    def at(self, source: int) -> int:
        """Place of a base of the old sequence that is not an extra copy's."""
        return int(np.flatnonzero((self.sources == source) & (self.copies == 0))[0])

    def behind(self, source: int) -> int:
        """Place of the first base that was behind a base of the old sequence."""
        return int(np.flatnonzero(self.sources > source)[0])


def joined(*parts: Strand) -> Strand:
    columns = zip(*(part.arrays() for part in parts), strict=True)
    return Strand(*map(np.concatenate, columns))


def new_bases(text: str) -> Strand:
    size = len(text)
    bases = np.frombuffer(text.encode(), np.uint8)
    return Strand(bases, np.full(size, -1), np.zeros(size, int), np.ones(size, bool))


def old_bases(text: str) -> Strand:
    strand = new_bases(text)
    strand.sources = np.arange(len(text))
    return strand


def with_substitutions(chance: np.random.Generator, strand: Strand, share: float) -> Strand:
    bases = strand.bases.copy()
    hit = chance.random(bases.size) < share
    letters = np.frombuffer(b"ACGT", np.uint8)
    shift = chance.integers(1, 4, bases.size)
    changed = letters[(np.searchsorted(letters, bases) + shift) % 4]
    bases[hit] = changed[hit]
    return Strand(bases, *strand.arrays()[1:])


def with_indels(chance: random.Random, strand: Strand, count: int, longest: int) -> Strand:
    places = sorted(chance.sample(range(strand.bases.size), count))
    parts, begin = [], 0
    for place in places:
        if place < begin:
            continue
        parts.append(strand[begin:place])
        length, begin = chance.randint(1, longest), place
        if chance.random() < 0.5:
            parts.append(new_bases(dna(chance, length)))
        else:
            begin = place + length
    return joined(*parts, strand[begin:])


@dataclass
class Planted:
    """Files of both assemblies, and what became of the genes.

    Args:
        places: sequence, start, end (0-based half-open) and strand of each gene that is there.
        extra: the same of extra copies, by gene.
        deleted: genes that are gone.
    """

    old_fasta: Path
    old_gff3: Path
    new_fasta: Path
    genes: list[Gene]
    places: dict[str, tuple[str, int, int, str]] = field(default_factory=dict)
    extra: dict[str, tuple[str, int, int, str]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


def simulated_genes(chance: random.Random, seqid: str, count: int) -> tuple[str, list[Gene]]:
    """A sequence with genes of many shapes: short ones, tiny exons, long introns, duplicates."""
    text, genes = dna(chance, 2000), []
    piece, exons = "", []
    for number in range(count):
        if number % 12 == 11:  # a tandem duplicate of the gene before, 1% of its bases changed
            piece = "".join(chance.choice("ACGT") if chance.random() < 0.01 else c for c in piece)
        else:
            piece, exons = one_gene(chance, number)
        start, strand = len(text), chance.choice("+-")
        placed = [(start + a, start + b) for a, b in exons]
        gene_id = f"{seqid}g{number:03d}"
        genes.append(Gene(gene_id, seqid, start, start + len(piece), strand, placed))
        text += piece + dna(chance, chance.randint(300, 3000))
    return text, genes


def one_gene(chance: random.Random, number: int) -> tuple[str, list[tuple[int, int]]]:
    shape = number % 6
    sizes = {
        0: [chance.randint(150, 300)],
        1: [chance.randint(500, 2500)],
        2: [25, chance.randint(200, 500), 30],
        3: [chance.randint(40, 90) for _ in range(8)],
        4: [chance.randint(100, 400) for _ in range(4)],
        5: [18, 21, 24, 20],
    }[shape]
    text, exons = "", []
    for size in sizes:
        if text:
            text += dna(chance, chance.choice([80, 150, 600, 4000]))
        exons.append((len(text), len(text) + size))
        text += dna(chance, size)
    return text, exons


def plant(folder: Path, *, count: int = 60, seed: int = 17) -> Planted:
    """Write an old assembly of two sequences and a new one with changes of every kind."""
    chance, numbers = random.Random(seed), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    texts, genes = {}, []
    for seqid in ("chrA", "chrB"):
        texts[seqid], more = simulated_genes(chance, seqid, count)
        genes += more
    planted = Planted(folder / "old.fa", folder / "old.gff3", folder / "new.fa", genes)
    by_id = {gene.gene_id: gene for gene in genes}
    strands = {seqid: old_bases(text) for seqid, text in texts.items()}

    gone = [by_id["chrAg004"], by_id["chrBg013"]]
    planted.deleted = {gene.gene_id for gene in gone}
    for gene in gone:
        strand = strands[gene.seqid]
        strands[gene.seqid] = joined(strand[: strand.at(gene.start)], strand[strand.at(gene.end) :])
    copied = [by_id["chrAg010"], by_id["chrBg020"]]
    for gene in copied:
        strand = strands[gene.seqid]
        behind = strand.at(gene.end + 100)
        copy = strand[strand.at(gene.start) : strand.at(gene.end)]
        copy = Strand(copy.bases, copy.sources, np.ones_like(copy.copies), copy.forward)
        strands[gene.seqid] = joined(
            strand[:behind], copy, new_bases(dna(chance, 400)), strand[behind:]
        )
    for seqid, strand in strands.items():
        changed = with_substitutions(numbers, strand, 0.02)
        strands[seqid] = with_indels(chance, changed, strand.bases.size // 1000, 12)
    strand = strands["chrA"]
    first, last = by_id["chrAg025"], by_id["chrAg040"]
    left, right = strand.behind(first.start - 150), strand.behind(last.end + 150)
    strands["chrA"] = joined(strand[:left], strand[left:right].flipped(), strand[right:])
    strand = strands["chrB"]
    cut = strand.behind(by_id["chrBg030"].end + 120)
    new = {"scaffold_1": strands["chrA"], "scaffold_7": strand[:cut], "scaffold_12": strand[cut:]}

    write_fasta(planted.old_fasta, texts)
    write_fasta(planted.new_fasta, {n: s.bases.tobytes().decode() for n, s in new.items()})
    write_gff3(planted.old_gff3, genes)
    old_of = {"scaffold_1": "chrA", "scaffold_7": "chrB", "scaffold_12": "chrB"}
    for name, strand in new.items():
        for gene in genes:
            if gene.seqid != old_of[name] or gene.gene_id in planted.deleted:
                continue
            inside = (strand.sources >= gene.start) & (strand.sources < gene.end)
            for found, wanted in ((planted.places, 0), (planted.extra, 1)):
                at = np.flatnonzero(inside & (strand.copies == wanted))
                if at.size:
                    turned = OTHER_STRAND[gene.strand]
                    side = gene.strand if strand.forward[at[0]] else turned
                    found[gene.gene_id] = (name, int(at[0]), int(at[-1]) + 1, side)
    return planted


def write_fasta(path: Path, texts: dict[str, str]) -> None:
    path.write_text("".join(f">{name} text\n{text}\n" for name, text in texts.items()))


def write_gff3(path: Path, genes: list[Gene]) -> None:
    lines = ["##gff-version 3"]
    for g in genes:
        where = f"{g.start + 1}\t{g.end}\t.\t{g.strand}\t."
        lines.append(f"{g.seqid}\told\tgene\t{where}\tID={g.gene_id};Name=N{g.gene_id};Note=a%2Cb")
        lines.append(f"{g.seqid}\told\tmRNA\t{where}\tID={g.gene_id}.1;Parent={g.gene_id}")
        lines += [
            f"{g.seqid}\told\texon\t{a + 1}\t{b}\t.\t{g.strand}\t.\tParent={g.gene_id}.1"
            for a, b in g.exons
        ]
    path.write_text("\n".join(lines) + "\n")
