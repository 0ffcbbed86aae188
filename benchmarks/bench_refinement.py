"""Refinement against the DNA, on an annotation whose boundaries were shifted at random.

``python -m benchmarks.bench_refinement GENOME ANNOTATION`` shifts the ends of coding parts as a
model that counts a little wrong would write them (the end at the stop in 70% of transcripts, the
start in 10%, any other in 6%; by 1 nt and an exponential of mean 12, at most 60, to either side),
refines the transcripts with distances as costs, and counts those whose coding sequence is that of
the annotation again. ``--digits`` adds made-up probabilities of the digits. ``--predicted GFF``
refines the transcripts of a file of predictions instead and compares with all of the annotation.
The slowest gene goes to standard error.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.annotated_transcripts import AnnotatedGene, read_transcripts, with_phases
from transgenic_dagster.gene_models.boundary_costs import BoundaryKind, Costs, digit_costs
from transgenic_dagster.gene_models.gene_model import Interval, TranscriptStructure
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gene_models.refinement import MAX_DISTANCE, RefinedTranscript, refine_gene
from transgenic_dagster.regions.windows import plan_window
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome, open_genome

SHARE_SHIFTED = {BoundaryKind.STOP: 0.7, BoundaryKind.START: 0.1}
SHARE_SHIFTED_OTHERS = 0.06
MEAN_SHIFT = 12.0


@dataclass(frozen=True)
class Case:
    """A gene as it was written, in its window, and as it should be.

    Args:
        written: its transcripts as written.
        true: for each the coding parts that are right, any of which will do.
        costs: costs of each boundary of each, or None.
        window_sequence: forward strand of the window, upper-case ACGTN.
        window_start: 0-based start of the window.
    """

    written: tuple[TranscriptStructure, ...]
    true: list[set[tuple[Interval, ...]]]
    costs: list[list[Costs | None]] | None
    window_sequence: str
    window_start: int

    def refine(self) -> list[RefinedTranscript]:
        """Refine the transcripts."""
        return refine_gene(self.written, self.window_sequence, self.window_start, self.costs)

    def exact(self, structures: Sequence[TranscriptStructure]) -> int:
        """Count structures whose coding parts are right."""
        return sum(coding(s) in true for s, true in zip(structures, self.true, strict=True))

    def intact(self, structure: TranscriptStructure) -> bool:
        """Say whether a structure reads from ATG to its first stop codon in frame."""
        quality = assess(structure, self.window_sequence, self.window_start)
        return quality.start_codon and quality.stop_codon and not quality.inframe_stops

    def canonical(self, structure: TranscriptStructure) -> bool:
        """Say whether a structure is intact with canonical introns only."""
        quality = assess(structure, self.window_sequence, self.window_start)
        return self.intact(structure) and quality.canonical_introns == quality.introns


def coding(structure: TranscriptStructure) -> tuple[Interval, ...]:
    """Return the coding parts without their phases."""
    return tuple(Interval(part.start, part.end) for part in structure.cds)


def kinds(structure: TranscriptStructure) -> list[BoundaryKind]:
    """Return what lies at each end of the coding parts, in ascending order."""
    inner = [BoundaryKind.DONOR, BoundaryKind.ACCEPTOR] * (len(structure.cds) - 1)
    along = [BoundaryKind.START, *inner, BoundaryKind.STOP]
    return along if structure.strand == "+" else along[::-1]


class Shifter:
    """Shifts the boundaries of one gene; parts that transcripts share stay shared."""

    def __init__(self, window: Interval, rng: random.Random) -> None:
        self._window = window
        self._rng = rng
        self._shifted: dict[tuple[Interval, int, BoundaryKind], int] = {}

    def shift(self, structure: TranscriptStructure) -> TranscriptStructure:
        """Return a transcript as a model might have written it."""
        parts = coding(structure)
        ends = [end for part in parts for end in part]
        for number, kind in enumerate(kinds(structure)):
            key = (parts[number // 2], number % 2, kind)
            if key not in self._shifted:
                self._shifted[key] = ends[number] + self._draw(kind)
            low = ends[number - 1] if number else self._window.start - 1
            high = ends[number + 1] if number + 1 < len(ends) else self._window.end + 1
            if low < self._shifted[key] < high:
                ends[number] = self._shifted[key]
        moved = [Interval(*pair) for pair in zip(ends[::2], ends[1::2], strict=True)]
        left, right = structure.five_prime_utrs, structure.three_prime_utrs
        if structure.strand == "-":
            left, right = right, left
        left = tuple(self._clip(part, parts[0].start, moved[0].start, at_end=True) for part in left)
        right = tuple(
            self._clip(part, parts[-1].end, moved[-1].end, at_end=False) for part in right
        )
        left, right = (tuple(p for p in side if p.start < p.end) for side in (left, right))
        if structure.strand == "-":
            left, right = right, left
        phase = structure.first_cds.phase
        return replace(
            structure,
            cds=with_phases(moved, structure.strand, phase),
            five_prime_utrs=left,
            three_prime_utrs=right,
        )

    def _draw(self, kind: BoundaryKind) -> int:
        if self._rng.random() >= SHARE_SHIFTED.get(kind, SHARE_SHIFTED_OTHERS):
            return 0
        distance = min(1 + int(self._rng.expovariate(1 / MEAN_SHIFT)), MAX_DISTANCE)
        return distance * self._rng.choice((-1, 1))

    @staticmethod
    def _clip(part: Interval, old: int, new: int, *, at_end: bool) -> Interval:
        """Let an untranslated part that touches the coding sequence end where that now does."""
        if at_end:
            return Interval(part.start, new if part.end == old else min(part.end, new))
        return Interval(new if part.start == old else max(part.start, new), part.end)


def made_up_costs(
    written: TranscriptStructure, true: TranscriptStructure, window: Interval
) -> list[Costs | None]:
    """Return costs of the boundaries of a transcript from made-up probabilities of digits."""
    ends = [end for part in coding(written) for end in part]
    true_ends = [end for part in coding(true) for end in part]
    return [
        digit_costs(
            end - window.start,
            made_up_digits(end - window.start, true_end - window.start),
            window.end - window.start,
            kind,
            MAX_DISTANCE,
        )
        for end, true_end, kind in zip(ends, true_ends, kinds(written), strict=True)
    ]


def made_up_digits(written: int, true: int) -> npt.NDArray[np.float64]:
    """Return -log probabilities of the digits of a number, shape (digits, 10).

    Of each digit half of the probability lies on the right one, 0.15 on each neighbour of it, the
    rest on all ten; digits of a number that should have more or fewer of them say nothing.
    """
    places = len(str(written))
    if len(str(true)) != places:
        return np.full((places, 10), np.log(10))
    probabilities = np.full((places, 10), 0.02)
    for place, digit in enumerate(map(int, str(true))):
        near = [other for other in (digit - 1, digit + 1) if 0 <= other <= 9]
        probabilities[place, digit] += 0.5
        probabilities[place, near] += 0.3 / len(near)
    return -np.log(probabilities)


def shifted_cases(
    genes: Sequence[AnnotatedGene], genome: Genome, seed: int, *, digits: bool
) -> Iterator[Case]:
    """Yield the genes of an annotation with their boundaries shifted."""
    rng = random.Random(seed)
    for gene in genes:
        window, sequence = window_of(gene, genome)
        shifter = Shifter(window, rng)
        written = tuple(map(shifter.shift, gene.transcripts))
        pairs = zip(written, gene.transcripts, strict=True)
        costs = [made_up_costs(*pair, window) for pair in pairs] if digits else None
        true = [{coding(transcript)} for transcript in gene.transcripts]
        yield Case(written, true, costs, sequence, window.start)


def predicted_cases(
    genes: Sequence[AnnotatedGene], predicted: Sequence[AnnotatedGene], genome: Genome
) -> Iterator[Case]:
    """Yield predicted genes, to be compared with all of an annotation."""
    annotated: dict[tuple[str, str], set[tuple[Interval, ...]]] = {}
    for gene in genes:
        here = annotated.setdefault((gene.seqid, gene.strand), set())
        here.update(map(coding, gene.transcripts))
    for gene in predicted:
        window, sequence = window_of(gene, genome)
        true = [annotated.get((gene.seqid, gene.strand), set())] * len(gene.transcripts)
        yield Case(gene.transcripts, true, None, sequence, window.start)


def window_of(gene: AnnotatedGene, genome: Genome) -> tuple[Interval, str]:
    """Return the window around a gene, however long, and its sequence."""
    length = genome.lengths[gene.seqid]
    planned = plan_window(gene.start, gene.end, length, max_window=length)
    window = Interval(*planned) if planned else Interval(0, length)
    return window, normalise(genome.fetch(gene.seqid, *window))


def count_unchanged(genes: Sequence[AnnotatedGene], genome: Genome) -> tuple[int, int]:
    """Return how many canonical transcripts refinement leaves as they are, and how many exist."""
    unchanged = canonical = 0
    for gene in genes:
        window, sequence = window_of(gene, genome)
        case = Case(gene.transcripts, [], None, sequence, window.start)
        for written, refined in zip(gene.transcripts, case.refine(), strict=True):
            if case.canonical(written):
                canonical += 1
                unchanged += refined.structure == written
    return unchanged, canonical


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Print the figures, one a line, and return them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("genome", type=Path)
    parser.add_argument("annotation", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--digits", action="store_true")
    parser.add_argument("--predicted", type=Path)
    options = parser.parse_args(arguments)
    genes = read_transcripts(options.annotation)
    transcripts = exact_before = exact_after = intact = 0
    seconds = slowest = 0.0
    slowest_gene = ""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_genome(options.genome, Path(folder)) as genome,
    ):
        genes = [gene for gene in genes if gene.end <= genome.lengths.get(gene.seqid, 0)]
        if options.predicted:
            cases = predicted_cases(genes, read_transcripts(options.predicted), genome)
        else:
            cases = shifted_cases(genes, genome, options.seed, digits=options.digits)
        for case in cases:
            started = time.process_time()
            refined = case.refine()
            took = time.process_time() - started
            seconds += took
            if took / len(refined) > slowest:
                slowest = took / len(refined)
                slowest_gene = f"at {case.written[0].start}, {len(case.written[0].cds)} parts"
            structures = [transcript.structure for transcript in refined]
            transcripts += len(refined)
            exact_before += case.exact(case.written)
            exact_after += case.exact(structures)
            intact += sum(map(case.intact, structures))
        unchanged, canonical = count_unchanged(genes, genome)
    milliseconds = 1000 * seconds / max(transcripts, 1)
    print(f"transcripts: {transcripts}")
    print(f"exact before: {exact_before}")
    print(f"exact after: {exact_after}")
    print(f"intact after: {intact}")
    print(f"canonical unchanged: {unchanged} of {canonical}")
    print(f"ms per transcript: {milliseconds:.2f}")
    print(f"slowest: {1000 * slowest:.1f} ms per transcript ({slowest_gene})", file=sys.stderr)
    return {
        "transcripts": transcripts,
        "exact before": exact_before,
        "exact after": exact_after,
        "intact after": intact,
        "canonical unchanged": unchanged,
        "canonical": canonical,
        "ms per transcript": milliseconds,
    }


if __name__ == "__main__":
    main()
