"""Counts what became of every gene of the input and insists that the counts add up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from transgenic_dagster.errors import RunError
from transgenic_dagster.gene_models.rejects import Reject


@dataclass
class Accounting:
    """Every input gene ends as exactly one of annotated, rejected or skipped.

    Args:
        annotated: genes with at least one transcript in the GFF3.
        rejected: genes without any, by the reason of their first reject.
        skipped: genes that never became a region, by reason.
        rejected_isoforms: transcripts that annotated genes lost, by reason; no genes.
    """

    annotated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    rejected_isoforms: Counter[str] = field(default_factory=Counter)

    def count_gene(self, annotated: bool, rejects: Sequence[Reject]) -> None:
        """Count one region by whether it has a gene model, and by its rejects."""
        if annotated:
            self.annotated += 1
            self.rejected_isoforms.update(reject.reason for reject in rejects)
        else:
            self.rejected[rejects[0].reason] += 1

    def count_skipped(self, reason: str) -> None:
        """Count one gene of the input that never became a region."""
        self.skipped[reason] += 1

    @property
    def total(self) -> int:
        """Genes counted so far."""
        return self.annotated + self.rejected.total() + self.skipped.total()

    def check(self, input_genes: int) -> None:
        """Compare with the number of genes of the input.

        Raises:
            RunError: a gene is missing or was counted twice.
        """
        if self.total != input_genes:
            raise RunError(
                f"The input has {input_genes:,} genes but {self.total:,} are accounted for "
                f"({self.summary()}); run again with --overwrite "
                "and report it if it happens again."
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values for JSON, reasons in alphabetical order."""
        return {
            "annotated": self.annotated,
            "rejected": dict(sorted(self.rejected.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "rejected_isoforms": dict(sorted(self.rejected_isoforms.items())),
            "total": self.total,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read back what ``as_dict`` gave."""
        return cls(
            annotated=values["annotated"],
            rejected=Counter(values["rejected"]),
            skipped=Counter(values["skipped"]),
            rejected_isoforms=Counter(values["rejected_isoforms"]),
        )

    def summary(self) -> str:
        """Return one sentence for the terminal, the most frequent reasons first."""
        summary = (
            f"Genes: {self.total:,} in all, {self.annotated:,} annotated, "
            f"{_by_reason(self.rejected, 'rejected')}, {_by_reason(self.skipped, 'skipped')}"
        )
        if self.rejected_isoforms:
            isoforms = _by_reason(self.rejected_isoforms, "rejected")
            summary += f"; further isoforms of annotated genes: {isoforms}"
        return summary


def _by_reason(counts: Counter[str], outcome: str) -> str:
    """Return text such as ``3 rejected (truncated 2, unparsable 1)``."""
    text = f"{counts.total():,} {outcome}"
    if counts:
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        text += f" ({', '.join(f'{reason} {count:,}' for reason, count in ordered)})"
    return text
