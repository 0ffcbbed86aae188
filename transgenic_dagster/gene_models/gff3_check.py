"""Reads an annotation back and says whether it is valid GFF3, independently of what wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.input_genes.gff3 import decode

MOST_FAULTS = 20
_STRANDS = frozenset("+-.?")
_PHASES = frozenset("012")


@dataclass
class Gff3Check:
    """What was found in a file.

    Args:
        genes: identifiers of the input genes (``GM`` or ``gm``), decoded, of its gene rows.
        rows: number of feature rows.
        faults: sentences with line numbers, no more than ``MOST_FAULTS``.
    """

    genes: list[str] = field(default_factory=list)
    rows: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Feature:
    kind: str
    seqid: str
    start: int
    end: int


def check_gff3(path: Path) -> Gff3Check:
    """Check every line of a GFF3 file that this program wrote.

    Nine columns, coordinates within the declared sequence, strands, phases of CDS rows and of no
    others, identifiers that are unique (the rows of one CDS share one), parents that come first
    and hold their children.
    """
    check = Gff3Check()
    lengths: dict[str, int] = {}
    features: dict[str, _Feature] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\n")
            if number == 1 and text != "##gff-version 3":
                check.faults.append("line 1: it does not say '##gff-version 3'")
            if text.startswith("##sequence-region "):
                _, seqid, _, length = text.split(" ")
                lengths[seqid] = int(length)
            if text == "###":
                features.clear()  # what comes later refers to nothing before
            if text and not text.startswith("#"):
                check.rows += 1
                for fault in _row_faults(text, lengths, features, check.genes):
                    check.faults.append(f"line {number}: {fault}")
            if len(check.faults) >= MOST_FAULTS:
                break
    return check


def _row_faults(
    text: str, lengths: dict[str, int], features: dict[str, _Feature], genes: list[str]
) -> Iterator[str]:
    columns = text.split("\t")
    if len(columns) != 9:
        yield f"it has {len(columns)} columns, not 9"
        return
    seqid, _, kind, first, last, _, strand, phase, attribute_text = columns
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        yield f"its coordinates {first}..{last} are none"
        return
    feature = _Feature(kind, seqid, int(first), int(last))
    if seqid not in lengths:
        yield f"its sequence {seqid} has no ##sequence-region"
    elif feature.end > lengths[seqid]:
        yield f"it ends at {last}, beyond the {lengths[seqid]} nt of {seqid}"
    if strand not in _STRANDS:
        yield f"its strand is {strand!r}"
    if (phase in _PHASES) != (kind == "CDS") or (phase not in _PHASES and phase != "."):
        yield f"its phase is {phase!r}"
    pairs = [pair.partition("=") for pair in attribute_text.split(";")]
    attributes = {name: value for name, _, value in pairs}
    if len(attributes) != len(pairs) or not all(equals for _, equals, _ in pairs):
        yield "its attributes are not NAME=VALUE, each name once"
    identifier = attributes.get("ID", "")
    known = features.setdefault(identifier, feature)
    if not identifier:
        yield "it has no ID"
    elif known is not feature and not (known.kind == kind == "CDS" and known.seqid == seqid):
        yield f"its ID {identifier} is taken"
    if kind == "gene":
        genes.append(decode(attributes.get("GM", attributes.get("gm", ""))))
        return
    parent = features.get(attributes.get("Parent", ""))
    if parent is None:
        yield "its parent does not come before it"
    elif parent.seqid != seqid or not parent.start <= feature.start <= feature.end <= parent.end:
        yield "it is not within its parent"
