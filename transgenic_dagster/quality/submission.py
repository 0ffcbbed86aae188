"""Reads an annotation as an archive would: what NCBI's table2asn refuses, gene by gene."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from transgenic_dagster.gene_models.text_sink import TextSink
from transgenic_dagster.input_genes.gff3 import encode_attribute
from transgenic_dagster.quality.submission_problems import Found, Problem
from transgenic_dagster.quality.submission_rules import Row, SubmissionRules
from transgenic_dagster.sequences.fasta import Genome
from transgenic_dagster.system.output_files import read_output
from transgenic_dagster.system.wording import counted

COLUMNS: Final = (
    *("gene", "transcript", "seqid", "start", "end"),
    *("problem", "level", "what_to_do"),
)


@dataclass
class Submission:
    """How far an annotation can be submitted.

    Args:
        genes: all genes.
        refused: genes with a problem that has to be solved.
        problems: how often each problem was found.
        by_gene: in how many genes.
    """

    genes: int = 0
    refused: int = 0
    problems: Counter[Problem] = field(default_factory=Counter)
    by_gene: Counter[Problem] = field(default_factory=Counter)

    def add(self, found: Sequence[Found]) -> None:
        """Count the problems of a gene."""
        self.genes += 1
        self.refused += any(one.problem.is_refused for one in found)
        self.problems.update(one.problem for one in found)
        self.by_gene.update({one.problem for one in found})

    def summary(self) -> str:
        """One sentence."""
        genes = counted(self.genes, "gene")
        if not self.refused:
            text = f"submission: no problem in {genes}"
        else:
            text = f"submission: table2asn would refuse {self.refused:,} of {genes}"
        counts = [f"{one} {self.by_gene[one]:,}" for one in Problem if self.by_gene[one]]
        return f"{text} ({', '.join(counts)})" if counts else text


def check_submission(gff3: Path, genome: Genome, table: TextSink) -> Submission:
    """Write all problems of an annotation as a table with a header, and count them.

    Args:
        gff3: an annotation that this program wrote; parents come before their children, and the
            rows of a gene follow each other.
        genome: its sequences.
        table: where rows go, by gene; positions 1-based, both ends included.
    """
    submission = Submission()
    table.write("\t".join(COLUMNS) + "\n")
    for gene, found in problems_by_gene(gff3, genome):
        submission.add(found)
        for one in found:
            table.write("\t".join(_columns(gene, one)) + "\n")
    return submission


def problems_by_gene(gff3: Path, genome: Genome) -> Iterator[tuple[str, list[Found]]]:
    """Yield the identifier of every gene, decoded, with its problems; one gene in memory."""
    rules = SubmissionRules(genome)
    for rows in _families(gff3):
        problems = rules.problems(rows)
        if problems is not None:
            yield rows[0].identifier, list(problems)


def _families(gff3: Path) -> Iterator[list[Row]]:
    """Yield rows without a parent, each with the rows that follow and have one."""
    family: list[Row] = []
    with read_output(gff3) as lines:
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            row = Row.of(line)
            if family and not row.parents:
                yield family
                family = []
            family.append(row)
    if family:
        yield family


def _columns(gene: str, found: Found) -> Sequence[str]:
    problem = found.problem
    return (
        encode_attribute(gene) or ".",
        encode_attribute(found.transcript) or ".",
        encode_attribute(found.seqid),
        str(found.place.start + 1),
        str(found.place.end),
        problem,
        "refused" if problem.is_refused else "note",
        problem.remedy,
    )
