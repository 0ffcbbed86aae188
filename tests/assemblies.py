"""Small assemblies for tests of whole runs."""

from dataclasses import dataclass
from pathlib import Path

from tests import golden


@dataclass(frozen=True)
class Assembly:
    """A genome and its genes."""

    fasta: Path
    gff: Path


def write_fasta(path: Path, sequences: dict[str, str], width: int = 70) -> Path:
    """Write sequences in lines of ``width``."""
    with path.open("w") as handle:
        for name, sequence in sequences.items():
            handle.write(f">{name}\n")
            handle.writelines(
                sequence[i : i + width] + "\n" for i in range(0, len(sequence), width)
            )
    return path


def write_genes(path: Path, rows: list[tuple[str, int, int, str, str]]) -> Path:
    """Write gene rows (seqid, 1-based start, end, strand, attributes)."""
    lines = [
        f"{seqid}\ttest\tgene\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n"
        for seqid, start, end, strand, attributes in rows
    ]
    path.write_text("##gff-version 3\n" + "".join(lines))
    return path


def golden_contigs(folder: Path) -> Assembly:
    """The six recorded windows as contigs, a gene over each."""
    sequences = {name: golden.tiny_windows()[name]["sequence"] for name in golden.WINDOWS}
    rows = [(name, 1, len(sequence), "+", f"ID={name}") for name, sequence in sequences.items()]
    return Assembly(
        write_fasta(folder / "genome.fa", sequences), write_genes(folder / "genes.gff3", rows)
    )


def golden_chromosome(folder: Path, copies: int = 3) -> Assembly:
    """The three recorded windows of 6,144 nt, joined again and again; a gene inside each."""
    names = ("a6144", "b6144", "c6144") * copies
    sequence = "".join(golden.tiny_windows()[name]["sequence"] for name in names)
    # 6,143 nt give a window of 6,144 that begins one base before the gene.
    rows = [
        ("chr1", 6144 * i + 2, 6144 * (i + 1), "+-"[i % 2], f"ID=gene{i}")
        for i in range(len(names))
    ]
    return Assembly(
        write_fasta(folder / "genome.fa", {"chr1": sequence}),
        write_genes(folder / "genes.gff3", rows),
    )
