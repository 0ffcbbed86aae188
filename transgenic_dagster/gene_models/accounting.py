"""Counts what became of every gene of the input and insists that the counts add up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.gene_model import GeneModel
from transgenic_dagster.gene_models.rejects import Reject
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.system.wording import counted

_NO_TASK: Final = (RejectReason.NOT_PROTEIN_CODING, RejectReason.NOT_LIFTED)
"""Why a gene of the input is none that the model could have annotated."""


def genes_for_model(genes: int, skipped: Mapping[str, int]) -> int:
    """Number of genes of which shares are told: coding genes that are there at all.

    Args:
        genes: genes of the input.
        skipped: those that never became a region, by reason.
    """
    return genes - sum(skipped.get(reason, 0) for reason in _NO_TASK)


@dataclass
class Accounting:
    """Every input gene ends as exactly one of annotated, rejected or skipped.

    Args:
        annotated: genes with at least one transcript in the GFF3.
        rejected: genes without any, by the reason of their first reject.
        skipped: genes that never became a region, by reason.
        rejected_isoforms: transcripts that annotated genes lost, by reason; no genes.
        doubtful: annotated genes that were kept in spite of a doubt, by reason.
        orf: transcripts of annotated genes, or new isoforms, by reading frame; empty without
            refinement.
        kept_input: rejected and skipped genes whose own rows are in the GFF3; None where they were
            not asked for.
        isoforms_gained: new transcripts beside those of the input; None where the input is not
            completed.
        scored: whether genes count as annotated because they have a score.
    """

    annotated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    rejected_isoforms: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    orf: Counter[str] = field(default_factory=Counter)
    kept_input: int | None = None
    isoforms_gained: int | None = None
    scored: bool = False

    def count_output(self, annotated: bool, rejects: Sequence[Reject]) -> None:
        """Count one region by whether its model output describes a gene, and by its rejects."""
        if annotated:
            self.annotated += 1
            self.rejected_isoforms.update(reject.reason for reject in rejects)
        else:
            self.rejected[rejects[0].reason] += 1

    def count_gene(
        self,
        gene: GeneModel | None,
        rejects: Sequence[Reject],
        doubt: RejectReason | None = None,
    ) -> None:
        """Count one region by what became of it.

        Args:
            gene: the gene that is written for it, None where there is none.
            rejects: what is told of it; without a gene at least one, of which the first counts.
            doubt: why ``select_genes`` thinks that the gene is not the right one.
        """
        self.count_output(gene is not None, rejects)
        if gene is None:
            return
        if doubt:
            self.doubtful[doubt] += 1
        self._count_frames(gene)

    def count_gained(self, new: GeneModel) -> None:
        """Count the new isoforms of a gene of an input that is completed."""
        self.isoforms_gained = (self.isoforms_gained or 0) + len(new.transcripts)
        self._count_frames(new)

    def _count_frames(self, gene: GeneModel) -> None:
        self.orf.update(one.refinement.orf for one in gene.transcripts if one.refinement)

    def count_skipped(self, reason: str) -> None:
        """Count one gene of the input that never became a region."""
        self.skipped[reason] += 1

    @property
    def total(self) -> int:
        """Genes counted so far."""
        return self.annotated + self.rejected.total() + self.skipped.total()

    @property
    def for_model(self) -> int:
        """Those of them that the model could have annotated."""
        return genes_for_model(self.total, self.skipped)

    @property
    def is_completion(self) -> bool:
        """Whether the input was completed, and genes count as annotated that could be continued."""
        return self.isoforms_gained is not None

    def check(self, input_genes: int) -> None:
        """Compare with the number of genes of the input.

        Raises:
            RunError: a gene is missing or was counted twice.
        """
        if self.total != input_genes:
            raise RunError(
                f"The input has {counted(input_genes, 'gene')}, but {self.total:,} are accounted "
                f"for ({self.summary()}); run again with --overwrite "
                "and report it if it happens again."
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values for JSON, reasons in alphabetical order.

        ``doubtful``, ``orf``, ``kept_input``, ``isoforms_gained`` and ``scored`` are there only
        where there is something to say.
        """
        values: dict[str, Any] = {
            "annotated": self.annotated,
            "rejected": _sorted(self.rejected),
            "skipped": _sorted(self.skipped),
            "rejected_isoforms": _sorted(self.rejected_isoforms),
        }
        if self.doubtful:
            values["doubtful"] = _sorted(self.doubtful)
        if self.orf:
            values["orf"] = _sorted(self.orf)
        if self.kept_input is not None:
            values["kept_input"] = self.kept_input
        if self.isoforms_gained is not None:
            values["isoforms_gained"] = self.isoforms_gained
        if self.scored:
            values["scored"] = True
        return {**values, "total": self.total}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read back what ``as_dict`` gave."""
        return cls(
            annotated=values["annotated"],
            rejected=Counter(values["rejected"]),
            skipped=Counter(values["skipped"]),
            rejected_isoforms=Counter(values["rejected_isoforms"]),
            doubtful=Counter(values.get("doubtful", {})),
            orf=Counter(values.get("orf", {})),
            kept_input=values.get("kept_input"),
            isoforms_gained=values.get("isoforms_gained"),
            scored=values.get("scored", False),
        )

    def summary(self) -> str:
        """Return one sentence for the terminal, the most frequent reasons first."""
        outcome = "scored" if self.scored else "annotated"
        summary = (
            f"Genes: {self.total:,} in all, {self.annotated:,} {outcome}, "
            f"{_by_reason(self.rejected, 'rejected')}, {_by_reason(self.skipped, 'skipped')}"
        )
        if self.rejected_isoforms:
            isoforms = _by_reason(self.rejected_isoforms, "rejected")
            summary += f"; further isoforms of {outcome} genes: {isoforms}"
        if self.doubtful:
            summary += f"; annotated in spite of doubt: {_listed(self.doubtful)}"
        if self.orf:
            what = "new isoforms" if self.is_completion else "transcripts"
            summary += f"; {what} by reading frame: {_listed(self.orf)}"
        if self.kept_input is not None:
            summary += f"; {self.kept_input:,} kept as in the input"
        if self.isoforms_gained is not None:
            summary += f"; {counted(self.isoforms_gained, 'isoform')} gained"
        return summary


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items())}


def _by_reason(counts: Counter[str], outcome: str) -> str:
    """Return text such as ``3 rejected (truncated 2, unparsable 1)``."""
    text = f"{counts.total():,} {outcome}"
    return f"{text} ({_listed(counts)})" if counts else text


def _listed(counts: Counter[str]) -> str:
    """Return text such as ``truncated 2, unparsable 1``, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)
