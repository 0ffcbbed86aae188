"""CPU time and memory of an evaluation of a plant genome, on generated annotations.

    python -m benchmarks.bench_evaluate [--genes 44000]

Every fourth gene has two isoforms, every transcript six exons, two of them with UTR; the prediction
moves, drops and adds as gene predictors do.
"""

import argparse
import gc
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from transgenic_dagster.evaluation.annotation_reader import read_transcripts
from transgenic_dagster.evaluation.changes import find_changes
from transgenic_dagster.evaluation.evaluate import evaluate

CHROMOSOMES = 10
EXONS = 6
GENE_STEP = 9000

Exons = list[tuple[int, int]]


def gene(number: int, draw: random.Random) -> list[Exons]:
    """Exons (1-based closed) of the isoforms of one gene."""
    position = 1000 + number * GENE_STEP
    exons = []
    for _ in range(EXONS):
        end = position + draw.randrange(80, 400)
        exons.append((position, end))
        position = end + draw.randrange(80, 600)
    return [exons, exons[:2] + exons[3:]] if number % 4 == 0 else [exons]


def edited(isoforms: list[Exons], draw: random.Random) -> list[Exons]:
    """Isoforms as a predictor would have them: some lost, some with other splice sites."""
    fate = draw.random()
    if fate < 0.05:
        return []
    if fate < 0.25:
        isoforms = isoforms[:1]
    if fate < 0.45:
        moved = list(isoforms[0])
        at = draw.randrange(1, EXONS - 1)
        moved[at] = (moved[at][0] + draw.randrange(-30, 30), moved[at][1])
        isoforms = [moved, *isoforms[1:]]
    return isoforms


def rows(seqid: str, name: str, isoforms: Sequence[Exons], strand: str) -> Iterator[str]:
    """Lines of GFF3 of one gene."""

    def row(kind: str, start: int, end: int, phase: str, attributes: str) -> str:
        return f"{seqid}\tbench\t{kind}\t{start}\t{end}\t.\t{strand}\t{phase}\t{attributes}\n"

    if not isoforms:
        return
    start, end = isoforms[0][0][0], isoforms[0][-1][1]
    yield row("gene", start, end, ".", f"ID={name}")
    for number, exons in enumerate(isoforms, start=1):
        transcript = f"{name}.t{number}"
        yield row("mRNA", exons[0][0], exons[-1][1], ".", f"ID={transcript};Parent={name}")
        for part, (first, last) in enumerate(exons):
            yield row("exon", first, last, ".", f"Parent={transcript}")
            left = first + 50 * (part == 0)
            right = last - 30 * (part == len(exons) - 1)
            yield row("CDS", left, right, "0", f"ID={transcript}.cds;Parent={transcript}")


def write_pair(folder: Path, genes: int, seed: int) -> tuple[Path, Path]:
    """Write a prediction and its reference."""
    draw = random.Random(seed)
    paths = folder / "predicted.gff3", folder / "reference.gff3"
    per_chromosome = -(-genes // CHROMOSOMES)
    with paths[0].open("w") as predicted, paths[1].open("w") as reference:
        for number in range(genes):
            chromosome, place = divmod(number, per_chromosome)
            isoforms = gene(place, draw)
            seqid, strand = f"chr{chromosome + 1}", draw.choice("+-")
            reference.writelines(rows(seqid, f"g{number}", isoforms, strand))
            predicted.writelines(rows(seqid, f"p{number}", edited(isoforms, draw), strand))
    return paths


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Print what an evaluation takes; return the CPU seconds by step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=44_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    seconds = {}
    gc.disable()  # as the program does
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pair(Path(folder), options.genes, options.seed)
        start = time.process_time()
        predicted, reference = (read_transcripts(path) for path in paths)
        seconds["read"] = time.process_time() - start
        start = time.process_time()
        found = evaluate(predicted, reference)
        seconds["evaluate"] = time.process_time() - start
        start = time.process_time()
        find_changes(reference, predicted)
        seconds["change log"] = time.process_time() - start
    gc.enable()
    print(f"{found.exons.reference.transcripts:,} reference transcripts", end=", ")
    print(f"{found.exons.predicted.transcripts:,} predicted ones")
    for step, taken in seconds.items():
        print(f"  {step}: {taken:.1f} s")
    print(f"  all: {sum(seconds.values()):.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory of the process: {peak:,.0f} MiB")
    return seconds


if __name__ == "__main__":
    main()
