"""Compares an annotation of the demo assembly with its true genes."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transgenic_dagster.demo.assembly import DemoAssembly
from transgenic_dagster.demo.true_gene import Feature, Transcript, TrueGene
from transgenic_dagster.gsf.features import FEATURES_PER_KIND
from transgenic_dagster.input_genes.gff3 import decode, parse_attributes

EXACT = "exact"
DIFFERENT = "different"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class GeneComparison:
    """Result of the run for one gene of the demo.

    Args:
        gene: the gene as it truly is.
        predicted: the transcripts in the GFF3, features by position.
        outcome: ``exact``, ``different``, the reason code of a reject or skip, or ``missing``
            where the gene is in neither file.
        explanation: the reject report's sentence, empty for annotated genes.
    """

    gene: TrueGene
    predicted: tuple[Transcript, ...]
    outcome: str
    explanation: str = ""

    @property
    def is_as_expected(self) -> bool:
        """True if a predictable gene is exact, or a planted one has its planted reason."""
        return self.outcome == (EXACT if self.gene.predictable else self.gene.expected)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The comparison of all genes, in the order of the input."""

    genes: tuple[GeneComparison, ...]

    @property
    def predictable(self) -> int:
        """Number of genes that the model has memorised."""
        return sum(comparison.gene.predictable for comparison in self.genes)

    @property
    def exact(self) -> int:
        """Number of genes whose structure is exactly the true one."""
        return sum(comparison.outcome == EXACT for comparison in self.genes)

    @property
    def unexpected(self) -> tuple[GeneComparison, ...]:
        """Genes that came out in another way than the demo plants them."""
        return tuple(comparison for comparison in self.genes if not comparison.is_as_expected)


def compare(predicted_gff3: Path, reject_report: Path, assembly: DemoAssembly) -> DemoResult:
    """Compare the files of a run on the demo assembly with the truth.

    A gene is exact where its sequence and its set of transcripts are the true ones, each
    transcript with the same CDS and UTR intervals, strand and phases.

    Args:
        predicted_gff3: the run's annotation.
        reject_report: the run's reject report (JSON lines).
        assembly: what ``write_assembly`` wrote.
    """
    transcripts = _read_transcripts(predicted_gff3)
    explanations = _read_rejects(reject_report)
    comparisons = []
    for gene in assembly.genes:
        predicted = transcripts.get((gene.gene_id, gene.seqid), ())
        outcome, explanation = MISSING, ""
        if predicted:
            outcome = EXACT if _same_structure(predicted, gene) else DIFFERENT
        elif gene.gene_id in explanations:
            outcome, explanation = explanations[gene.gene_id]
        comparisons.append(GeneComparison(gene, predicted, outcome, explanation))
    return DemoResult(tuple(comparisons))


def _same_structure(predicted: tuple[Transcript, ...], gene: TrueGene) -> bool:
    wanted = {frozenset(transcript) for transcript in gene.transcripts}
    return len(predicted) == len(wanted) and {frozenset(t) for t in predicted} == wanted


def _read_transcripts(gff3: Path) -> dict[tuple[str, str], tuple[Transcript, ...]]:
    """Return the transcripts by (input gene id, seqid)."""
    genes: dict[tuple[str, str], dict[str, list[Feature]]] = defaultdict(lambda: defaultdict(list))
    for columns in _feature_rows(gff3):
        seqid, _, kind, start, end, _, strand, phase, column9 = columns
        attributes = parse_attributes(column9)
        gene_id = attributes.get("GM") or attributes["gm"]
        genes[gene_id, decode(seqid)][attributes["Parent"]].append(
            Feature(kind, int(start) - 1, int(end), strand, None if phase == "." else int(phase))
        )
    return {
        key: tuple(
            tuple(sorted(features, key=lambda feature: feature.start))
            for features in transcripts.values()
        )
        for key, transcripts in genes.items()
    }


def _feature_rows(gff3: Path) -> Iterator[list[str]]:
    """Yield the nine columns of each CDS and UTR row."""
    with gff3.open(encoding="utf-8") as lines:
        for line in lines:
            columns = line.rstrip("\n").split("\t")
            if len(columns) == 9 and columns[2] in FEATURES_PER_KIND:
                yield columns


def _read_rejects(report: Path) -> dict[str, tuple[str, str]]:
    """Return the reason code and the sentence of each gene's first reject."""
    rejects: dict[str, tuple[str, str]] = {}
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            reject = json.loads(line)
            rejects.setdefault(reject["gm_id"], (reject["reason"], reject["error"]))
    return rejects
