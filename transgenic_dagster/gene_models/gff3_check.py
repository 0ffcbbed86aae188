"""Reads an annotation back and says whether it is valid GFF3, independently of what wrote it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transgenic_dagster.gene_models.completed_input import MARK
from transgenic_dagster.gene_models.kept_input import EXCEEDED_REGION, KEPT
from transgenic_dagster.gsf.features import CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR
from transgenic_dagster.input_genes.gff3 import decode, encode_seqid
from transgenic_dagster.system.output_files import read_output
from transgenic_dagster.system.wording import counted

MOST_FAULTS = 20
_STRANDS = frozenset("+-.?")
_PHASES = frozenset("012")
_CHILDLESS = frozenset({"exon", CDS, FIVE_PRIME_UTR, THREE_PRIME_UTR})


@dataclass
class Gff3Check:
    """Findings in a file.

    Args:
        genes: identifiers of the input genes (``GM`` or ``gm``), decoded, of its predicted genes.
        kept: likewise of the genes that are the input's own.
        rows: number of feature rows.
        faults: sentences with line numbers, no more than ``MOST_FAULTS``.
        is_completed: whether rows are the input's, but for those of new isoforms.
    """

    genes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    is_completed: bool = False


@dataclass(frozen=True)
class _Feature:
    kind: str
    seqid: str
    start: int
    end: int
    is_kept: bool


def check_gff3(path: Path, completed: Mapping[str, int] | None = None) -> Gff3Check:
    """Check every line of a GFF3 file that this program wrote.

    Nine columns, coordinates within the declared sequence, strands, phases of CDS rows and of no
    others, identifiers that are unique (the rows of one CDS share one), parents that come first
    and hold their children.

    Args:
        path: the file.
        completed: of an annotation that was completed, the nucleotides by sequence. Its rows are
            the user's, and not judged, but for those of new isoforms.
    """
    check = Gff3Check(is_completed=completed is not None)
    lengths = {encode_seqid(name): length for name, length in (completed or {}).items()}
    features: dict[str, _Feature] = {}
    with read_output(path) as lines:
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\n")
            if number == 1 and text != "##gff-version 3":
                check.faults.append("line 1: it does not say '##gff-version 3'")
            if text.startswith(("##sequence-region ", EXCEEDED_REGION)):
                _, seqid, _, length = text.split(" ")
                lengths[seqid] = int(length)
            if text == "###":
                features.clear()  # what comes later refers to nothing before
            if text and not text.startswith("#"):
                check.rows += 1
                for fault in _row_faults(text, lengths, features, check):
                    check.faults.append(f"line {number}: {fault}")
            if len(check.faults) >= MOST_FAULTS:
                break
    return check


def _row_faults(
    text: str, lengths: dict[str, int], features: dict[str, _Feature], check: Gff3Check
) -> Iterator[str]:
    columns = text.split("\t")
    if len(columns) != 9:
        yield f"it has {counted(len(columns), 'column')}, not 9"
        return
    seqid, _, kind, first, last, _, strand, phase, attribute_text = columns
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        yield f"its coordinates {first}..{last} are none"
        return
    pairs = [pair.partition("=") for pair in attribute_text.split(";")]
    attributes = {name: value for name, _, value in pairs}
    parents = [features.get(decode(name)) for name in attributes.get("Parent", "").split(",")]
    is_kept = _is_kept(attributes, parents, check.is_completed)
    feature = _Feature(kind, seqid, int(first), int(last), is_kept)
    identifier = decode(attributes.get("ID", ""))
    if check.is_completed and is_kept:
        if identifier and kind not in _CHILDLESS:  # those are many
            features[identifier] = feature  # new rows follow their gene
        return
    known = features.setdefault(identifier, feature) if identifier else feature
    if len(attributes) != len(pairs) or not all(equals for _, equals, _ in pairs):
        yield "its attributes are not NAME=VALUE, each name once"
    if strand not in _STRANDS:
        yield f"its strand is {strand!r}"
    may_share = (known.kind, known.seqid) == (kind, seqid) and (is_kept or kind == "CDS")
    if known is not feature and not may_share:
        yield f"its ID {identifier} is taken"
    if KEPT in attributes or kind == "gene":
        genes = check.kept if KEPT in attributes else check.genes
        genes.append(decode(attributes.get("GM", attributes.get("gm", ""))))
    elif None in parents:
        yield "its parent does not come before it"
    elif not is_kept and any(parent and not _holds(parent, feature) for parent in parents):
        yield "it is not within its parent"
    if not is_kept:
        yield from _faults_of_predicted(feature, phase, identifier, lengths)


def _is_kept(
    attributes: Mapping[str, str], parents: Sequence[_Feature | None], is_completed: bool
) -> bool:
    """Return whether a row is the input's own."""
    if is_completed:
        is_new = attributes.get(MARK[0]) == MARK[1]
        return not is_new and all(parent is None or parent.is_kept for parent in parents)
    return KEPT in attributes or any(parent and parent.is_kept for parent in parents)


def _faults_of_predicted(
    feature: _Feature, phase: str, identifier: str, lengths: dict[str, int]
) -> Iterator[str]:
    """Yield what would be no fault in a row of the input."""
    if not identifier:
        yield "it has no ID"
    if feature.seqid not in lengths:
        yield f"its sequence {feature.seqid} has no ##sequence-region"
    elif feature.end > lengths[feature.seqid]:
        length = lengths[feature.seqid]
        yield f"it ends at {feature.end}, beyond the {length} nt of {feature.seqid}"
    if (phase in _PHASES) != (feature.kind == "CDS") or (phase not in _PHASES and phase != "."):
        yield f"its phase is {phase!r}"


def _holds(parent: _Feature, child: _Feature) -> bool:
    within = parent.start <= child.start and child.end <= parent.end
    return within and parent.seqid == child.seqid
