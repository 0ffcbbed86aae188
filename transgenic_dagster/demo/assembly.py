"""Writes the demo assembly: a genome, a first-pass annotation of it, and the true genes."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.demo.simulated_assembly import SimulatedAssembly, simulate_assembly
from transgenic_dagster.demo.true_gene import Expected, Feature, Transcript, TrueGene
from transgenic_dagster.gsf.features import CDS

FASTA_LINE_WIDTH = 60


@dataclass(frozen=True, slots=True)
class DemoAssembly:
    """The files of the demo and what is in them.

    Args:
        genome_fasta: all sequences, soft-masked.
        genes_gff3: the annotation to start from, with one transcript for each gene.
        truth_gff3: every predictable gene with all its transcripts.
        sequences: seqid to sequence, in file order.
        genes: every gene row of ``genes_gff3`` with its true structure and its planted outcome.
    """

    genome_fasta: Path
    genes_gff3: Path
    truth_gff3: Path
    sequences: dict[str, str]
    genes: tuple[TrueGene, ...]


def write_assembly(folder: Path) -> DemoAssembly:
    """Write ``genome.fa``, ``genes.gff3`` and ``truth.gff3`` into ``folder``.

    The bytes are the same at every call, for the bundled checkpoint knows exactly these genes.

    Args:
        folder: made if it does not exist; files of these names in it are overwritten.
    """
    simulated = simulate_assembly()
    assembly = DemoAssembly(
        genome_fasta=folder / "genome.fa",
        genes_gff3=folder / "genes.gff3",
        truth_gff3=folder / "truth.gff3",
        sequences=simulated.sequences,
        genes=simulated.genes,
    )
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(assembly.genome_fasta, _fasta_lines(simulated))
    _write_lines(assembly.genes_gff3, _first_pass_lines(simulated))
    _write_lines(assembly.truth_gff3, _truth_lines(simulated))
    return assembly


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _fasta_lines(assembly: SimulatedAssembly) -> Iterator[str]:
    for seqid, sequence in assembly.sequences.items():
        yield f">{seqid} made up for the demo"
        yield from textwrap.wrap(sequence, FASTA_LINE_WIDTH)


def _first_pass_lines(assembly: SimulatedAssembly) -> Iterator[str]:
    yield from _header_lines(assembly)
    for gene in assembly.genes:
        yield from _gene_lines(gene, gene.transcripts[:1])


def _truth_lines(assembly: SimulatedAssembly) -> Iterator[str]:
    yield from _header_lines(assembly)
    for gene in assembly.genes:
        if gene.predictable:
            yield from _gene_lines(gene, gene.transcripts)


def _header_lines(assembly: SimulatedAssembly) -> Iterator[str]:
    yield "##gff-version 3"
    for seqid, sequence in assembly.sequences.items():
        yield f"##sequence-region {seqid} 1 {len(sequence)}"


def _gene_lines(gene: TrueGene, transcripts: tuple[Transcript, ...]) -> Iterator[str]:
    yield _row(gene, "gene", gene.start, gene.end, f"ID={gene.gene_id}")
    coding = gene.expected is not Expected.NO_CDS
    for number, transcript in enumerate(transcripts, start=1):
        name = f"{gene.gene_id}.{number}"
        features = sorted(transcript, key=lambda feature: feature.start)
        yield _row(
            gene,
            "mRNA" if coding else "transcript",
            features[0].start,
            features[-1].end,
            f"ID={name};Parent={gene.gene_id}",
        )
        for count, (start, end) in enumerate(exons(features), start=1):
            yield _row(gene, "exon", start, end, f"ID={name}.exon{count};Parent={name}")
        for feature in features if coding else ():
            identifier = f"ID={name}.cds;" if feature.kind == CDS else ""
            attributes = f"{identifier}Parent={name}"
            yield _row(gene, feature.kind, feature.start, feature.end, attributes, feature.phase)


def exons(features: Iterable[Feature]) -> list[tuple[int, int]]:
    """Join touching features (sorted by start) into exons, 0-based half-open."""
    joined: list[tuple[int, int]] = []
    for feature in features:
        if joined and joined[-1][1] == feature.start:
            joined[-1] = (joined[-1][0], feature.end)
        else:
            joined.append((feature.start, feature.end))
    return joined


def _row(
    gene: TrueGene, kind: str, start: int, end: int, attributes: str, phase: int | None = None
) -> str:
    """Format one GFF3 row; ``start`` and ``end`` are 0-based half-open."""
    columns = (
        gene.seqid,
        "demo",
        kind,
        str(start + 1),
        str(end),
        ".",
        gene.strand,
        "." if phase is None else str(phase),
        attributes,
    )
    return "\t".join(columns)
