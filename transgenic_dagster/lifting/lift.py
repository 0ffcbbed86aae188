"""Lifts the genes of an old assembly to a new one.

The new assembly is aligned to part by part, so that memory does not grow with it; what was found
in a part is kept, so that work that is interrupted goes on there. First all DNA of every gene is
aligned, introns included, which finds genes within a species exactly: tandem duplicates apart, and
short exons. Of genes that are not found so, or only in part, exons are aligned across introns; that
finds genes of relatives, and those with a transposon more or less.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transgenic_dagster.errors import InputError
from transgenic_dagster.input_genes.gene import Gene, SkippedInput
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.lifting.aligner import Aligner, Hit
from transgenic_dagster.lifting.assignment import LOWEST_SCORE, Assignment, assign
from transgenic_dagster.lifting.queries import OldGene, Place, Query, place, read_old_genes
from transgenic_dagster.progress import SECONDS_BETWEEN_LOG_LINES
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome, open_genome
from transgenic_dagster.system.atomic_files import atomic_write
from transgenic_dagster.system.wording import counted

_PART = 256_000_000
"""Bases of the new assembly that are aligned to at once; longer sequences stand alone."""
_BASES_PER_READ = 1_000_000
_FOUND_WELL = 0.9
"""Share of a gene's DNA with which nothing more is looked for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lifted:
    """The genes of the old annotation, and their places.

    Args:
        annotation: name of the old annotation's file.
        genes: in the order of the old annotation.
        skipped: what the old annotation has beside them.
        missing: genes that cannot be looked for, by number, with the reason in words.
        lengths: length of each sequence of the new assembly (nt) by seqid.
        best: share of each gene that was found at its best place.
        assignment: the places.
    """

    annotation: str
    genes: Sequence[OldGene]
    skipped: Sequence[SkippedInput]
    missing: dict[int, str]
    lengths: dict[str, int]
    best: Sequence[float]
    assignment: Assignment


def lift_genes(
    old_genome: Path,
    old_annotation: Path,
    new_genome: Path,
    folder: Path,
    aligner: Aligner,
    feature_types: Sequence[str],
) -> Lifted:
    """Find the genes of an old assembly in a new one.

    Args:
        old_genome: FASTA file.
        old_annotation: its genes: GFF3, GTF or BED.
        new_genome: FASTA file.
        folder: for what is made meanwhile; what an interrupted call left there is used.
        aligner: minimap2.
        feature_types: types of rows (column 3) that count as genes.

    Raises:
        InputError: a file cannot be used.
        RunError: minimap2 failed.
    """
    caches = [folder / name for name in ("old", "new")]
    for cache in caches:
        cache.mkdir(parents=True, exist_ok=True)
    sorted_gff = caches[0] / "genes.gff3"
    sort_annotation(old_annotation, sorted_gff, feature_types=feature_types)
    listed = read_genes(sorted_gff, feature_types)
    with open_genome(old_genome, caches[0]) as old, open_genome(new_genome, caches[1]) as new:
        genes = list(read_old_genes(sorted_gff, _named_as_in(old, listed.genes)))
        missing = dict(_not_there([one.gene for one in genes], old))
        search = _Search(genes, old, new, folder, aligner)
        search.run(Query.WHOLE, [n for n in range(len(genes)) if n not in missing])
        search.run(Query.EXONS, [n for n in search.found_badly() if n not in missing])
        found = search.places()
    usable = [[one for one in places if one.score >= LOWEST_SCORE] for places in found]
    return Lifted(
        annotation=listed.annotation,
        genes=genes,
        skipped=listed.skipped,
        missing=missing,
        lengths=new.lengths,
        best=[max((one.score for one in places), default=0.0) for places in found],
        assignment=assign([one.gene for one in genes], usable),
    )


def _named_as_in(old: Genome, genes: Iterable[Gene]) -> Iterator[Gene]:
    """Yield genes with the names that sequences have in a genome, decoded where it has them so."""
    for gene in genes:
        yield gene if gene.seqid in old.lengths else replace(gene, seqid=decode(gene.seqid))


def _not_there(genes: Sequence[Gene], old: Genome) -> Iterator[tuple[int, str]]:
    """Yield the genes whose DNA the old assembly does not have."""
    for number, gene in enumerate(genes):
        length = old.lengths.get(gene.seqid)
        if length is None:
            yield number, f"{old.path.name} has no sequence {gene.seqid}"
        elif gene.end > length:
            yield number, f"it ends at {gene.end}, but {gene.seqid} is only {length} nt long"
    if genes and not any(gene.seqid in old.lengths for gene in genes):
        raise InputError(
            f"None of {counted(len(genes), 'gene')} to lift lies on a sequence of {old.path}, which"
            " is to be the genome that they belong to; check both files."
        )


class _Search:
    """Alignments of genes to the parts of the new assembly."""

    def __init__(
        self,
        genes: Sequence[OldGene],
        old: Genome,
        new: Genome,
        folder: Path,
        aligner: Aligner,
    ) -> None:
        self._genes = genes
        self._old = old
        self._new = new
        self._folder = folder
        self._aligner = aligner
        self._seqids = list(new.lengths)
        self._parts = list(_parts(new.lengths))
        self._places: list[list[Place]] = [[] for _ in genes]

    def run(self, what: Query, numbers: Sequence[int]) -> None:
        """Align some genes to all parts.

        Args:
            what: to align of each.
            numbers: of the genes.
        """
        if not numbers:
            return
        queries = self._folder / f"{what}.fa"
        for part, targets in enumerate(self._parts):
            kept = self._folder / f"{what}.{part}.tsv"
            if not kept.exists():
                if not queries.exists():
                    self._write_queries(queries, what, numbers)
                self._align(what, part, targets, queries, len(numbers), kept)
            for hit in _read_hits(kept):
                length = self._new.lengths[self._seqids[hit.target]]
                self._places[hit.query].append(place(self._genes[hit.query], what, hit, length))
        queries.unlink(missing_ok=True)

    def found_badly(self) -> list[int]:
        """Return genes of which something may be missing, and that have introns."""
        return [
            number
            for number, places in enumerate(self._places)
            if max((one.coverage for one in places), default=0.0) < _FOUND_WELL
            and self._genes[number].has_introns
        ]

    def places(self) -> list[list[Place]]:
        """Return the places of each gene, the best first, each once."""
        return [list(_distinct(places)) for places in self._places]

    def _write_queries(self, path: Path, what: Query, numbers: Sequence[int]) -> None:
        with atomic_write(path) as handle:
            for number in numbers:
                seqid = self._genes[number].gene.seqid
                blocks = self._genes[number].blocks(what)
                dna = "".join(self._old.fetch(seqid, start, end) for start, end in blocks)
                handle.write(f">{number}\n{normalise(dna)}\n")

    def _align(
        self, what: Query, part: int, targets: range, queries: Path, total: int, kept: Path
    ) -> None:
        logger.info(
            "lifting: aligning the %s of %s to part %s of %s of the new genome",
            *("exons" if what is Query.EXONS else "DNA", counted(total, "gene")),
            *(part + 1, len(self._parts)),
        )
        sequences = self._folder / "part.fa"
        self._write_part(sequences, targets)
        with atomic_write(kept) as handle:
            for hit in _told(
                self._aligner.align(sequences, queries, spliced=what is Query.EXONS), total
            ):
                handle.write("\t".join(str(int(value)) for value in hit) + "\n")
        sequences.unlink()

    def _write_part(self, path: Path, targets: range) -> None:
        with atomic_write(path) as handle:
            for target in targets:
                seqid = self._seqids[target]
                length = self._new.lengths[seqid]
                handle.write(f">{target}\n")
                for start in range(0, length, _BASES_PER_READ):
                    end = min(length, start + _BASES_PER_READ)
                    handle.write(normalise(self._new.fetch(seqid, start, end)) + "\n")


def _parts(lengths: dict[str, int]) -> Iterator[range]:
    """Yield numbers of sequences that are aligned to together."""
    first = bases = 0
    for number, length in enumerate(lengths.values()):
        if bases and bases + length > _PART:
            yield range(first, number)
            first, bases = number, 0
        bases += length
    yield range(first, len(lengths))


def _told(hits: Iterable[Hit], total: int) -> Iterator[Hit]:
    """Yield alignments, and log now and then how far they are."""
    last_line, genes, before = time.monotonic(), 0, -1
    for hit in hits:
        genes += hit.query != before
        before = hit.query
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LOG_LINES:
            last_line = time.monotonic()
            logger.info("lifting: %s of %s have been found here", f"{genes:,}", f"{total:,}")
        yield hit


def _read_hits(path: Path) -> Iterator[Hit]:
    with path.open(encoding="ascii") as lines:
        for line in lines:
            query, start, end, forward, *others = map(int, line.split("\t"))
            yield Hit(query, start, end, bool(forward), *others)


def _distinct(places: Iterable[Place]) -> Iterator[Place]:
    """Yield the best of those that overlap, the best first."""
    seen: list[Place] = []
    for one in sorted(places, key=lambda p: (-p.score, p.target, p.start, p.end, p.strand)):
        if not any(one.overlaps(other) for other in seen):
            seen.append(one)
            yield one
