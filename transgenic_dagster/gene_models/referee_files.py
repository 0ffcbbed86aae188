"""Files of the referee: the rows of the genes that were taken, and the table of decisions."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from transgenic_dagster.gene_models.referee import Decision
from transgenic_dagster.gene_models.score_table import NOTHING, cell
from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gff3 import decode, encode_attribute, parse_attributes

COLUMNS = (
    "locus",
    "annotation",
    "gene_id",
    "seqid",
    "start",
    "end",
    "strand",
    "transcripts",
    "log_probability",
    "refuted",
    "decision",
    "against",
    "margin",
    "reason",
)

_REFERENCES = ("Parent", "Derives_from")


class DecisionTable:
    """Writes the table of all decisions (TSV); positions are 1-based, probabilities natural logs.

    Args:
        handle: open text file.
    """

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        handle.write("\t".join(COLUMNS) + "\n")

    def write(self, locus: str, decision: Decision) -> None:
        """Write the row of a gene.

        Args:
            locus: name of its locus.
            decision: about it.
        """
        one, verdict = decision.candidate, decision.verdict
        other = decision.against
        outcome = "taken" if decision.taken else "same_structure" if decision.same else "not_taken"
        self._row(
            locus=locus,
            annotation=one.annotation,
            gene_id=one.gene.gene_id,
            seqid=decode(one.gene.seqid),
            start=one.gene.start + 1,
            end=one.gene.end,
            strand=one.gene.strand,
            transcripts=len(one.transcripts),
            log_probability=_number(verdict.log_probability),
            refuted=verdict.refuted or NOTHING,
            decision=outcome,
            against=NOTHING if other is None else f"{other.annotation}:{other.gene.gene_id}",
            margin=_number(decision.margin),
            reason=verdict.reason or NOTHING,
        )

    def write_skipped(self, annotation: str, skipped: SkippedInput) -> None:
        """Write the row of a gene of an annotation that could not be read, or repeats another."""
        known = skipped.gene_start >= 0
        self._row(
            annotation=annotation,
            gene_id=skipped.gene_id or NOTHING,
            seqid=decode(skipped.seqid) or NOTHING,
            start=skipped.gene_start + 1 if known else NOTHING,
            end=skipped.gene_end if known else NOTHING,
            strand=skipped.strand,
            decision="skipped",
            reason=skipped.reason,
        )

    def _row(self, **values: object) -> None:
        cells = (cell(values.get(column, NOTHING)) for column in COLUMNS)
        self._handle.write("\t".join(cells) + "\n")


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.6f}"


class RenamedRows:
    """Rows of genes from several annotations; identifiers that clash are made unique."""

    def __init__(self) -> None:
        self._new: dict[tuple[int, str], str] = {}
        self._used: set[str] = set()

    def of(self, decision: Decision, lines: Sequence[str]) -> Iterator[str]:
        """Yield the rows of a gene that was taken.

        Args:
            decision: about it; its origin and margin become attributes of its row.
            lines: its rows as its annotation has them, its own first.
        """
        order = decision.candidate.order
        rows = [line.rstrip("\n").split("\t") for line in lines]
        for columns in rows:
            self._rename(order, parse_attributes(columns[8]).get("ID", ""))
        for number, columns in enumerate(rows):
            attributes = [self._attribute(order, part) for part in columns[8].split(";") if part]
            notes = _notes(decision) if number == 0 else []
            columns[8] = ";".join([*attributes, *notes])
            yield "\t".join(columns) + "\n"

    def _rename(self, order: int, identifier: str) -> None:
        """Give an identifier the name that it has in the result."""
        if not identifier or (order, identifier) in self._new:
            return
        name, count = identifier, 1
        while name in self._used:
            count += 1
            name = f"{identifier}-{count}"
        self._new[order, identifier] = name
        self._used.add(name)

    def _attribute(self, order: int, part: str) -> str:
        key, equals, value = part.partition("=")
        if key.strip() != "ID" and key.strip() not in _REFERENCES:
            return part
        values = [value] if key.strip() == "ID" else value.split(",")
        renamed = []
        for one in values:
            plain = decode(one.strip())
            new = self._new.get((order, plain), plain)
            renamed.append(one if new == plain else encode_attribute(new))
        return f"{key}{equals}{','.join(renamed)}"


def _notes(decision: Decision) -> list[str]:
    notes = [f"origin={encode_attribute(decision.candidate.annotation)}"]
    if decision.margin is not None:
        notes.append(f"margin={decision.margin:.2f}")
    if decision.verdict.refuted:
        notes.append(f"refuted={decision.verdict.refuted}")
    if decision.verdict.reason:
        notes.append(f"unscored={decision.verdict.reason}")
    return notes
