"""One run of the referee: candidates of all annotations, their scores, and the best of each locus.

The candidates are written as one annotation, in which every candidate covers its whole locus, and
scored like any other; so the run is journaled and resumed as scoring is. Everything else follows
from the inputs and is made again.
"""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.errors import RunError, UsageError
from transgenic_dagster.gene_models.input_families import FamilyRow, find_families
from transgenic_dagster.gene_models.input_transcripts import read_transcripts
from transgenic_dagster.gene_models.referee import (
    Candidate,
    Decision,
    Verdict,
    combined_rows,
    decide,
    group_loci,
    refuted_by,
)
from transgenic_dagster.gene_models.referee_files import DecisionTable, RenamedRows
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gene_list import read_genes
from transgenic_dagster.input_genes.gff3 import decode
from transgenic_dagster.input_genes.sorted_gff import sort_annotation
from transgenic_dagster.progress import Progress
from transgenic_dagster.run.annotate import annotate
from transgenic_dagster.run.folder import RunFolder
from transgenic_dagster.run.judging_options import RefereeOptions, ScoreOptions
from transgenic_dagster.run.output_locks import locked_outputs
from transgenic_dagster.run.outputs import check_outputs
from transgenic_dagster.sequences.dna import normalise
from transgenic_dagster.sequences.fasta import Genome, open_genome
from transgenic_dagster.sequences.natural_order import natural_key
from transgenic_dagster.system.output_files import write_output

MADE_BY = "transgenic-referee"


@dataclass
class RefereeAccounting:
    """What became of every gene of all annotations.

    Args:
        loci: their number.
        taken: genes that are in the result, by annotation.
        lost: genes that are not, because others are.
        skipped: genes that have no readable row, or repeat another.
    """

    loci: int
    taken: Counter[str]
    lost: Counter[str]
    skipped: Counter[str]

    def summary(self) -> str:
        """One line for people."""
        from_each = ", ".join(f"{count} of {name}" for name, count in sorted(self.taken.items()))
        total = self.taken.total() + self.lost.total() + self.skipped.total()
        return (
            f"Genes: {total} in all at {self.loci} loci, {self.taken.total()} taken ({from_each}), "
            f"{self.lost.total()} not, {self.skipped.total()} skipped"
        )


@dataclass(frozen=True)
class _Annotation:
    """One of the annotations, sorted."""

    name: str
    sorted_gff: Path
    candidates: tuple[Candidate, ...]
    skipped: tuple[SkippedInput, ...]


def referee(options: RefereeOptions, progress: Progress) -> RefereeAccounting:
    """Pick the likeliest genes of several annotations.

    Args:
        options: what to do.
        progress: told how far it is.

    Returns:
        What became of every gene.

    Raises:
        TransgenicError: one sentence for the user; what is journaled stays.
    """
    outputs = (options.output, options.decisions_path)
    check_outputs(options, outputs, options.annotations)
    folder = RunFolder(options.run_folder)
    with locked_outputs(outputs):
        described = {"annotations": [str(path.absolute()) for path in options.annotations]}
        folder.mark(MADE_BY, described)
        if not folder.made_by(MADE_BY):
            raise UsageError(
                f"{folder.root} is the folder of another program's run; finish that, or choose "
                "another --output."
            )
        with folder.locked():
            work = folder.root / "referee"
            work.mkdir(exist_ok=True)
            annotations = [
                _read(path, name, order, work, options)
                for order, (path, name) in enumerate(_names(options.annotations).items())
            ]
            loci = group_loci(one for some in annotations for one in some.candidates)
            loci.sort(key=_place)
            names = _write_candidates(work / "candidates.gff3", loci)
            scoring = options.scoring(work / "candidates.gff3", work / "scores.tsv")
            annotate(scoring, progress)
            verdicts = _verdicts(scoring, names, work)
            decisions = [decide(locus, [verdicts[one] for one in locus]) for locus in loci]
            accounting = _write(options, annotations, decisions)
            shutil.rmtree(work)
            folder.remove()
    return accounting


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """Names of annotations: those of the files, without what says of which kind they are."""
    names: dict[Path, str] = {}
    for path in paths:
        plain = path.name.removesuffix(".gz").removesuffix(".bgz")
        stem = plain.rpartition(".")[0] or plain
        name, count = stem, 1
        while name in names.values():
            count += 1
            name = f"{stem}-{count}"
        names[path] = name
    return names


def _read(path: Path, name: str, order: int, work: Path, options: RefereeOptions) -> _Annotation:
    sorted_gff = work / f"{order}.sorted.gff3"
    types = options.feature_types
    sort_annotation(path, sorted_gff, sorter=options.sorting, feature_types=types)
    listed = read_genes(sorted_gff, types)
    rows = {gene.gene_id: gene.row for gene in listed.genes}
    transcripts = read_transcripts(sorted_gff, rows, types)
    candidates = (
        Candidate(name, order, gene, tuple(transcripts[gene.gene_id])) for gene in listed.genes
    )
    skipped = (one for one in listed.skipped if one.is_gene)
    return _Annotation(name, sorted_gff, tuple(candidates), tuple(skipped))


def _place(locus: Sequence[Candidate]) -> tuple[object, ...]:
    return (natural_key(decode(locus[0].gene.seqid)), *_span(locus), locus[0].gene.strand)


def _span(locus: Sequence[Candidate]) -> tuple[int, int]:
    return min(one.gene.start for one in locus), max(one.gene.end for one in locus)


def _write_candidates(path: Path, loci: Sequence[Sequence[Candidate]]) -> dict[str, Candidate]:
    """Write all candidates as one annotation; return them by the names that they have there."""
    names: dict[str, Candidate] = {}
    with write_output(path) as handle:
        handle.write("##gff-version 3\n")
        for number, locus in enumerate(loci, start=1):
            counts = Counter[int]()
            for one in sorted(locus, key=lambda one: (one.order, one.gene.row)):
                counts[one.order] += 1
                name = f"L{number:06d}.{one.order + 1}.{counts[one.order]}"
                names[name] = one
                handle.writelines(combined_rows(name, *_span(locus), one))
    return names


def _verdicts(
    scoring: ScoreOptions, names: Mapping[str, Candidate], work: Path
) -> dict[Candidate, Verdict]:
    verdicts = {}
    cache = work / "genome"
    cache.mkdir(exist_ok=True)
    with (
        scoring.output.open(encoding="utf-8", newline="") as table,
        open_genome(scoring.fasta_file, cache) as genome,
    ):
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] != "gene":
                continue
            one = names[row["name"]]
            if row["rank"] == ".":
                verdicts[one] = Verdict(None, reason=row["reason"])
            else:
                total = float(row["log_probability"])
                verdicts[one] = Verdict(total, refuted=_refuted(one, genome))
    if len(verdicts) != len(names):
        raise RunError(f"{len(names)} genes were to be scored, but {len(verdicts)} came back.")
    return verdicts


def _refuted(one: Candidate, genome: Genome) -> str:
    start, end = one.coding[0].start, one.coding[-1].end
    return refuted_by(one, normalise(genome.fetch(decode(one.gene.seqid), start, end)), start)


def _write(
    options: RefereeOptions,
    annotations: Sequence[_Annotation],
    decisions: Sequence[Sequence[Decision]],
) -> RefereeAccounting:
    """Write the result and the table of decisions, which appear complete or not at all."""
    accounting = RefereeAccounting(len(decisions), Counter(), Counter(), Counter())
    taken = []
    with ExitStack() as files:
        table = DecisionTable(files.enter_context(write_output(options.decisions_path)))
        for number, some in enumerate(decisions, start=1):
            for one in some:
                table.write(f"L{number:06d}", one)
                counts = accounting.taken if one.taken else accounting.lost
                counts[one.candidate.annotation] += 1
                if one.taken:
                    taken.append(one)
        for annotation in annotations:
            for skipped in annotation.skipped:
                table.write_skipped(annotation.name, skipped)
                accounting.skipped[annotation.name] += 1
        result = files.enter_context(write_output(options.output))
        result.write("##gff-version 3\n")
        taken.sort(key=lambda one: _place([one.candidate]))
        result.writelines(_own_rows(taken, annotations, options))
    return accounting


def _own_rows(
    taken: Sequence[Decision], annotations: Sequence[_Annotation], options: RefereeOptions
) -> Iterator[str]:
    """Yield the rows of the genes that were taken, gene by gene."""
    renamed = RenamedRows()
    with ExitStack() as files:
        handles = [files.enter_context(one.sorted_gff.open("rb")) for one in annotations]
        families: list[dict[str, list[FamilyRow]]] = []
        for annotation in annotations:
            rows = {
                one.candidate.gene.gene_id: one.candidate.gene.row
                for one in taken
                if one.candidate.annotation == annotation.name
            }
            families.append(find_families(annotation.sorted_gff, rows, options.feature_types))
        for one in taken:
            order = one.candidate.order
            lines = []
            for row in families[order][one.candidate.gene.gene_id]:
                handles[order].seek(row.offset)
                lines.append(handles[order].readline().decode())
            yield from renamed.of(one, lines)
            yield "###\n"
