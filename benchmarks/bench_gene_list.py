"""Time and peak memory of the input stages on a maize-like genome, beside other programs.

``python benchmarks/bench_gene_list.py`` makes 2.1 Gb of FASTA and a million rows of GFF3 in a
temporary folder (5 GB) and deletes them afterwards; ``--shape scaffolds`` makes 100,000 scaffolds;
``--annotation FILE --fasta FILE`` takes real ones. Every stage runs in a process of its own, start
of Python included. Programs that are not installed are left out.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.regions.region_db import build_region_db
from transgenic_dagster.regions.region_plan import plan_regions
from transgenic_dagster.sequences.fasta import open_genome

BASES_PER_LINE = 80
OTHER_PROGRAMS = {
    "gt gff3 -sort -tidy": ["gt", "gff3", "-sort", "-tidy", "-force", "-o", "gt.gff3"],
    "gffread": ["gffread", "-o", "gffread.gff3"],
    "AGAT": ["agat_convert_sp_gxf2gxf.pl", "-o", "agat.gff3", "--gff"],
}


@dataclass(frozen=True)
class Shape:
    """A made-up genome: the length (nt) of each sequence, and how many genes there are."""

    lengths: dict[str, int]
    genes: int


def maize_like() -> Shape:
    """Return 2.1 Gb on 10 chromosomes and 200 scaffolds, with 44,000 genes."""
    chromosomes = {f"chr{n}": 308_000_000 - 18_000_000 * n for n in range(1, 11)}
    return Shape(chromosomes | {f"scaf_{n}": 20_000 + 500 * n for n in range(200)}, 44_000)


def many_scaffolds() -> Shape:
    """Return 100,000 scaffolds of 1 to 20 kb, with 30,000 genes."""
    return Shape({f"scaffold_{n}": 1000 + n * 7919 % 19_001 for n in range(100_000)}, 30_000)


SHAPES: dict[str, Callable[[], Shape]] = {"maize": maize_like, "scaffolds": many_scaffolds}


def write_fasta(shape: Shape, path: Path) -> None:
    """Write random sequence, a third of it soft-masked."""
    bases = random.choices("ACGTacgt", weights=[2, 2, 2, 2, 1, 1, 1, 1], k=4_000_000)
    lines = ["".join(bases[i : i + BASES_PER_LINE]) for i in range(0, len(bases), BASES_PER_LINE)]
    text = "\n".join(lines) + "\n"
    with path.open("w", encoding="ascii") as file:
        for seqid, length in shape.lengths.items():
            file.write(f">{seqid} made up\n")
            full_lines, rest = divmod(length, BASES_PER_LINE)
            while full_lines:
                count = min(full_lines, random.randint(1, len(lines)))
                file.write(text[: count * (BASES_PER_LINE + 1)])
                full_lines -= count
            if rest:
                file.write(text[:rest] + "\n")


def write_annotation(shape: Shape, path: Path) -> int:
    """Write genes with isoforms, exons and CDS in the style of Ensembl; return the rows."""
    genome_size = sum(shape.lengths.values())
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("##gff-version 3\n")
        for seqid, length in shape.lengths.items():
            genes = round(shape.genes * length / genome_size)
            for number in range(genes):
                start = 1 + number * (length // genes)
                gene_length = min(length // genes, random.randint(300, 12_000))
                for row in gene_rows(f"Zm_{seqid}_{number:06d}", start, gene_length):
                    file.write(f"{seqid}\tNAM\t{row}\n")
                    rows += 1
    return rows


def gene_rows(gene: str, start: int, length: int) -> Iterator[str]:
    """Yield columns 3 to 9 of one gene, on average 23 rows."""
    end, strand = start + length - 1, random.choice("+-")
    exons = random.randint(1, 1 + min(10, length // 200))
    step = length // exons
    parts = [(start + i * step, start + i * step + step // 2) for i in range(exons)]
    yield f"gene\t{start}\t{end}\t.\t{strand}\t.\tID={gene};biotype=protein_coding;logic_name=cshl"
    for isoform in range(1, 1 + random.choice([1, 1, 2, 3])):
        transcript = f"{gene}_T{isoform:03d}"
        yield (
            f"mRNA\t{start}\t{end}\t.\t{strand}\t.\tID={transcript};Parent={gene};"
            f"biotype=protein_coding;transcript_id={transcript}"
        )
        for rank, (low, high) in enumerate(parts, start=1):
            yield (
                f"exon\t{low}\t{high}\t.\t{strand}\t.\tParent={transcript};"
                f"Name={transcript}.exon.{rank};exon_id={transcript}.exon.{rank};rank={rank}"
            )
        for low, high in parts:
            yield (
                f"CDS\t{low}\t{high}\t.\t{strand}\t0\tID={transcript}_P;Parent={transcript};"
                f"protein_id={transcript}_P"
            )


def run_stage(stage: str, fasta: Path, annotation: Path, folder: Path) -> None:
    """Do the work of one stage in this process."""
    sorted_gff, cache = folder / "sorted.gff3", folder / "cache"
    if stage == "gene list":
        sort_annotation(annotation, sorted_gff)
        read_genes(sorted_gff)
        return
    cache.mkdir(exist_ok=True)
    with open_genome(fasta, cache) as genome:
        if stage == "index":
            return
        genes = read_genes(sorted_gff)
        if stage == "plan":
            plan_regions(genes.genes, genome.lengths)
        else:
            build_region_db(folder / "regions.db", genome, genes.genes, genes.skipped, run_info={})


def measure(command: list[str], folder: Path) -> tuple[float, float, float, int]:
    """Return wall time (s), CPU time (s), peak memory (MB) and exit code of a command."""
    start = time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def main() -> None:
    """Make the inputs, run the stages and the other programs, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="maize")
    parser.add_argument("--annotation", type=Path)
    parser.add_argument("--fasta", type=Path)
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    arguments = parser.parse_args()
    if arguments.stage:
        run_stage(arguments.stage, arguments.fasta, arguments.annotation, arguments.folder)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        fasta, annotation = arguments.fasta, arguments.annotation
        if annotation is None:
            random.seed(1)
            fasta, annotation = folder / "genome.fa", folder / "genes.gff3"
            shape = SHAPES[arguments.shape]()
            write_fasta(shape, fasta)
            print(f"{write_annotation(shape, annotation)} rows, {shape.genes} genes")
        print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'MB':>8}{'wall / ours':>13}")
        stages = ["gene list", "index", "plan", "region db"] if fasta else ["gene list"]
        ours = 0.0
        for stage in stages:
            command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder)]
            command += ["--annotation", str(annotation.absolute())]
            command += ["--fasta", str(fasta.absolute())] if fasta else []
            wall, cpu, memory, code = measure(command, folder)
            ours = ours or wall
            print(f"{stage:22}{wall:8.1f}{cpu:8.1f}{memory:8.0f}", "" if code == 0 else "failed")
        for program, command in OTHER_PROGRAMS.items():
            if shutil.which(command[0]):
                wall, cpu, memory, code = measure([*command, str(annotation.absolute())], folder)
                verdict = f"{wall / ours:13.1f}" if code == 0 else "       failed"
                print(f"{program:22}{wall:8.1f}{cpu:8.1f}{memory:8.0f}{verdict}")


if __name__ == "__main__":
    main()
