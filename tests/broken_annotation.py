"""The demo's true annotation, and copies of it with planted faults."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from transgenic_dagster.demo.assembly import exons
from transgenic_dagster.demo.true_gene import Feature, TrueGene
from transgenic_dagster.gsf.features import CDS

FAULTS = ("shifted", "missing", "strand")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a gene.

    Args:
        kind: ``shifted`` exon, ``missing`` exon, or wrong ``strand``.
        boundaries: 1-based positions (first or last base) of the boundaries that were shifted.
    """

    kind: str
    boundaries: tuple[int, ...] = ()


def broken_copy(
    genes: Iterable[TrueGene], *, seed: int = 1, of_each: int = 5, ends: str = "one"
) -> tuple[list[TrueGene], dict[str, Fault]]:
    """Break some genes.

    Args:
        genes: true genes.
        seed: of the choice.
        of_each: genes that get each kind of fault.
        ends: whether shifted exons have ``one`` end shifted, or ``both``.

    Returns:
        All genes, and the faults by gene.
    """
    dice = random.Random(seed)
    genes = [gene for gene in genes if gene.predictable]
    several = [gene.gene_id for gene in genes if _coding_parts(gene) > 1]
    chosen = dice.sample(several, of_each * len(FAULTS))
    kinds = {name: FAULTS[i % len(FAULTS)] for i, name in enumerate(chosen)}
    faults: dict[str, Fault] = {}
    copy = []
    for gene in genes:
        if gene.gene_id in kinds:
            broken, faults[gene.gene_id] = _break(gene, kinds[gene.gene_id], dice, ends)
            copy.append(broken)
        else:
            copy.append(gene)
    return copy, faults


def _coding_parts(gene: TrueGene) -> int:
    return sum(feature.kind == CDS for feature in gene.transcripts[0])


def _break(gene: TrueGene, kind: str, dice: random.Random, ends: str) -> tuple[TrueGene, Fault]:
    if kind == "strand":
        strand = "-" if gene.strand == "+" else "+"
        turned = tuple(tuple(replace(f, strand=strand) for f in one) for one in gene.transcripts)
        return replace(gene, strand=strand, transcripts=turned), Fault(kind)
    coding = [feature for feature in gene.transcripts[0] if feature.kind == CDS]
    part = dice.choice(coding)
    if kind == "missing":
        without = tuple(tuple(f for f in one if f != part) for one in gene.transcripts)
        return replace(gene, transcripts=without), Fault(kind)
    shift = dice.choice([-1, 1]) * dice.randint(4, 40)
    moved, boundaries = _shifted(part, coding, shift, ends)
    shifted = tuple(tuple(moved if f == part else f for f in one) for one in gene.transcripts)
    return replace(gene, transcripts=shifted), Fault(kind, boundaries)


def _shifted(
    part: Feature, coding: list[Feature], shift: int, ends: str
) -> tuple[Feature, tuple[int, ...]]:
    """Shift a part: both ends, or the one that lies at an intron."""
    if ends == "both":
        moved = replace(part, start=part.start + shift, end=part.end + shift)
        return moved, (moved.start + 1, moved.end)
    if part.start > min(feature.start for feature in coding):
        moved = replace(part, start=part.start + shift)
        return moved, (moved.start + 1,)
    moved = replace(part, end=part.end + shift)
    return moved, (moved.end,)


def write_annotation(path: Path, genes: Iterable[TrueGene], suffix: str = "") -> Path:
    """Write genes as GFF3, with all their transcripts.

    Args:
        path: file to write.
        genes: the genes.
        suffix: added to all identifiers.
    """
    lines = ["##gff-version 3"]
    for gene in genes:
        name = gene.gene_id + suffix
        start = min(f.start for one in gene.transcripts for f in one)
        end = max(f.end for one in gene.transcripts for f in one)
        lines.append(_row(gene, "gene", start, end, f"ID={name}"))
        for number, transcript in enumerate(gene.transcripts, start=1):
            parts = sorted(transcript, key=lambda feature: feature.start)
            parent = f"Parent={name}.{number}"
            own = f"ID={name}.{number};Parent={name}"
            lines.append(_row(gene, "mRNA", parts[0].start, parts[-1].end, own))
            lines += [_row(gene, "exon", left, right, parent) for left, right in exons(parts)]
            for part in parts:
                owns = f"ID={name}.{number}.cds;" if part.kind == CDS else ""
                attributes = owns + parent
                lines.append(_row(gene, part.kind, part.start, part.end, attributes, part.phase))
    path.write_text("\n".join(lines) + "\n")
    return path


def _row(
    gene: TrueGene, kind: str, start: int, end: int, attributes: str, phase: int | None = None
) -> str:
    shown = "." if phase is None else str(phase)
    columns = (gene.seqid, "test", kind, start + 1, end, ".", gene.strand, shown, attributes)
    return "\t".join(map(str, columns))
