"""Figures of the reject report: genes and isoforms by reason, with examples."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transgenic_dagster.system.output_files import read_output

EXAMPLES = 3


@dataclass(frozen=True)
class Example:
    """One line of the reject report."""

    gene_id: str
    place: str
    detail: str


@dataclass(frozen=True)
class LostGene:
    """An input gene without a gene model, 0-based half-open."""

    gene_id: str
    seqid: str
    start: int
    end: int
    strand: str
    reason: str
    detail: str


@dataclass
class RejectLines:
    """What the reject report says.

    Args:
        rejected: genes whose model output is not a gene, or not the right one, by reason.
        skipped_lines: lines on genes, and on rows of other types, that never became a region, by
            reason.
        isoforms: transcripts that annotated genes lost, by reason.
        examples: the first lines of each reason.
        rejected_genes: genes behind ``rejected``, in order.
        skipped_genes: genes behind ``skipped_lines`` that have a place on a sequence.
    """

    rejected: Counter[str] = field(default_factory=Counter)
    skipped_lines: Counter[str] = field(default_factory=Counter)
    isoforms: Counter[str] = field(default_factory=Counter)
    examples: defaultdict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    rejected_genes: list[LostGene] = field(default_factory=list)
    skipped_genes: list[LostGene] = field(default_factory=list)


def read_rejects(path: Path, annotated: Collection[str]) -> RejectLines:
    """Read the reject report of a run.

    Args:
        path: the report, JSON lines.
        annotated: identifiers of the input genes that have a gene model.
    """
    found = RejectLines()
    known: set[str] = set()
    with read_output(path) as lines:
        for line in lines:
            reject = json.loads(line)
            reason, gene_id = reject["reason"], reject["gm_id"] or ""
            if reject["pred_raw"] is None and reject["start"] is None:
                found.skipped_lines[reason] += 1
                _keep(found.skipped_genes, reject)
            elif gene_id in annotated:
                found.isoforms[reason] += 1
            elif gene_id not in known:  # the first of several lines counts
                known.add(gene_id)
                found.rejected[reason] += 1
                _keep(found.rejected_genes, reject)
            examples = found.examples[reason]
            if len(examples) < EXAMPLES:
                examples.append(Example(gene_id or "–", _place(reject), _detail(reject)))
    return found


def _keep(genes: list[LostGene], reject: dict[str, Any]) -> None:
    start, end = reject["gene_start"], reject["gene_end"]
    if reject["chrom"] is not None and start is not None and end is not None:
        genes.append(
            LostGene(
                reject["gm_id"] or "",
                reject["chrom"],
                start,
                end,
                reject["strand"],
                reject["reason"],
                _detail(reject),
            )
        )


def _detail(reject: dict[str, Any]) -> str:
    return str(reject["error"]).removeprefix(f"{reject['reason']}: ")


def _place(reject: dict[str, Any]) -> str:
    if reject["chrom"] is None or reject["gene_start"] is None:
        return reject["chrom"] or ""
    return f"{reject['chrom']}:{reject['gene_start'] + 1:,}–{reject['gene_end']:,}"
