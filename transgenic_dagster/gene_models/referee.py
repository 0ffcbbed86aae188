"""The referee: of several annotations' genes at one locus, those that the model finds likeliest.

A locus is what genes that overlap on a strand cover. Where annotations contradict each other about
the strand of the same coding bases, both strands make one locus. All candidates of a locus are
scored in one window. Structures that the DNA refutes lose to those that it does not; among the
rest the total log-probability decides. The best is taken, then whatever does not overlap what is
taken with its CDS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from transgenic_dagster.gene_models.gene_model import CdsPart, Interval, TranscriptStructure
from transgenic_dagster.gene_models.input_transcripts import InputTranscript
from transgenic_dagster.gene_models.qc import assess
from transgenic_dagster.gsf.features import CDS, STRANDS
from transgenic_dagster.input_genes.gene import Gene

_CONTRADICTION = 0.5
"""Share of the shorter CDS, on the other strand, from which on two genes contradict each other."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A gene of one of the annotations.

    Args:
        annotation: name of the annotation.
        order: of the annotation among them, from 0.
        gene: its row.
        transcripts: of it.
    """

    annotation: str
    order: int
    gene: Gene
    transcripts: tuple[InputTranscript, ...]

    @cached_property
    def coding(self) -> tuple[Interval, ...]:
        """Coding bases of all transcripts, joined, ascending."""
        parts = (part for one in self.transcripts for part in one.parts if part.kind == CDS)
        joined: list[Interval] = []
        for start, end in sorted((part.start, part.end) for part in parts):
            if joined and start <= joined[-1].end:
                joined[-1] = Interval(joined[-1].start, max(joined[-1].end, end))
            else:
                joined.append(Interval(start, end))
        return tuple(joined)

    @cached_property
    def structure(self) -> frozenset[frozenset[tuple[str, int, int, str]]]:
        """What makes two genes the same, whatever they are called."""
        return frozenset(
            frozenset((part.kind, part.start, part.end, part.strand) for part in one.parts)
            for one in self.transcripts
        )

    def shared_coding(self, other: "Candidate") -> int:
        """Coding bases that two genes of one sequence have in common, whatever their strands."""
        return sum(
            max(0, min(one.end, two.end) - max(one.start, two.start))
            for one in self.coding
            for two in other.coding
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Evidence about a candidate.

    Args:
        log_probability: of its sentence, None where it has no score.
        reason: why it has none, a code of ``RejectReason``.
        refuted: what the DNA says against it, empty where nothing.
    """

    log_probability: float | None
    reason: str = ""
    refuted: str = ""


@dataclass(frozen=True)
class Decision:
    """What becomes of a candidate.

    Args:
        candidate: it.
        verdict: evidence about it.
        taken: whether it is in the result.
        against: the best other structure where it is taken, what was preferred where it is not.
        margin: its log-probability minus that one's; None where one of them has none.
        same: it lost to a gene of the same structure.
    """

    candidate: Candidate
    verdict: Verdict
    taken: bool
    against: Candidate | None = None
    margin: float | None = None
    same: bool = False


def group_loci(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """Group genes into loci, ascending by the order in which the sequences first occur."""
    loci: list[list[Candidate]] = []
    by_strand: dict[tuple[str, str], list[Candidate]] = {}
    for one in candidates:
        by_strand.setdefault((one.gene.seqid, one.gene.strand), []).append(one)
    for some in by_strand.values():
        end = -1
        for one in sorted(some, key=lambda one: (one.gene.start, one.gene.end, one.order)):
            if one.gene.start >= end:
                loci.append([])
            loci[-1].append(one)
            end = max(end, one.gene.end)
    return _contradictions_joined(loci)


def _contradictions_joined(loci: list[list[Candidate]]) -> list[list[Candidate]]:
    """Join loci of both strands where annotations contradict each other."""
    spans = sorted(
        (_sequence(locus), min(c.gene.start for c in locus), max(c.gene.end for c in locus), i)
        for i, locus in enumerate(loci)
    )
    home = list(range(len(loci)))

    def root(number: int) -> int:
        while home[number] != number:
            number = home[number]
        return number

    open_spans: list[tuple[str, int, int, int]] = []
    for span in spans:
        seqid, start, _, number = span
        open_spans = [one for one in open_spans if one[0] == seqid and one[2] > start]
        for *_, other in open_spans:
            if _contradict(loci[number], loci[other]):
                home[max(root(number), root(other))] = min(root(number), root(other))
        open_spans.append(span)
    joined: dict[int, list[Candidate]] = {}
    for *_, number in spans:
        joined.setdefault(root(number), []).extend(loci[number])
    return list(joined.values())


def _sequence(locus: Sequence[Candidate]) -> str:
    return locus[0].gene.seqid


def _contradict(one: Sequence[Candidate], other: Sequence[Candidate]) -> bool:
    return any(
        _claims(left, right) and not (_tells_both(left, other) or _tells_both(right, one))
        for left in one
        for right in other
    )


def _claims(one: Candidate, other: Candidate) -> bool:
    shorter = min(sum(p.end - p.start for p in c.coding) for c in (one, other))
    return shorter > 0 and one.shared_coding(other) >= _CONTRADICTION * shorter


def _tells_both(one: Candidate, others: Iterable[Candidate]) -> bool:
    """Whether a gene's own annotation has a gene on the other strand there, too."""
    return any(
        other.annotation == one.annotation
        and other.gene.strand != one.gene.strand
        and _claims(one, other)
        for other in others
    )


def refuted_by(candidate: Candidate, sequence: str, offset: int) -> str:
    """What the DNA says against a gene; empty where nothing.

    Args:
        candidate: the gene.
        sequence: forward strand of a stretch that holds it, upper-case ACGTN.
        offset: 0-based position of that stretch on the sequence.
    """
    for transcript in candidate.transcripts:
        coding = [part for part in transcript.parts if part.kind == CDS]
        if not coding or coding[0].strand not in STRANDS:
            continue
        structure = TranscriptStructure(
            coding[0].strand, tuple(CdsPart(p.start, p.end, p.phase or 0) for p in coding)
        )
        quality = assess(structure, sequence, offset)
        if quality.inframe_stops:
            return "inframe_stops"
        if not (quality.start_codon or quality.stop_codon):
            return "no_frame"
    return ""


def decide(locus: Sequence[Candidate], verdicts: Sequence[Verdict]) -> list[Decision]:
    """Decide on the genes of a locus.

    Args:
        locus: its candidates.
        verdicts: evidence about each.

    Returns:
        A decision for each, the preferred ones first.
    """
    ranked = sorted(zip(locus, verdicts, strict=True), key=lambda pair: _preference(*pair))
    scored = [(one, verdict) for one, verdict in ranked if verdict.log_probability is not None]
    taken: list[Candidate] = []
    decisions = []
    for one, verdict in ranked:
        is_unscored = verdict.log_probability is None
        winner = next((other for other in taken if _rivals(one, other, locus)), None)
        if winner is None and not (is_unscored and scored):
            taken.append(one)
            rivals = [
                (other, value)
                for other, value in ranked
                if other is not one
                and other.structure != one.structure
                and _rivals(one, other, locus)
            ]
            against, margin = _margin(verdict, rivals)
            decisions.append(Decision(one, verdict, True, against, margin))
        else:
            winner = winner or taken[0]
            against, margin = _margin(verdict, [(winner, verdicts[list(locus).index(winner)])])
            same = not is_unscored and winner.structure == one.structure
            decisions.append(Decision(one, verdict, False, against, margin, same))
    return decisions


def _preference(one: Candidate, verdict: Verdict) -> tuple[object, ...]:
    total = verdict.log_probability
    place = (one.order, one.gene.start, one.gene.end, one.gene.gene_id)
    return (total is None, bool(verdict.refuted), -(total or 0.0), *place)


def _rivals(one: Candidate, other: Candidate, locus: Sequence[Candidate]) -> bool:
    """Whether only one of two genes can be in the result."""
    if not (one.coding and other.coding):
        return one.gene.start < other.gene.end and other.gene.start < one.gene.end
    if not one.shared_coding(other):
        return False
    if one.gene.strand == other.gene.strand:
        return True
    return not (_tells_both(one, locus) or _tells_both(other, locus))


def _margin(
    verdict: Verdict, others: Sequence[tuple[Candidate, Verdict]]
) -> tuple[Candidate | None, float | None]:
    """The first of the others, and by how many nats one is likelier than it."""
    if not others:
        return None, None
    other, value = others[0]
    if verdict.log_probability is None or value.log_probability is None:
        return other, None
    return other, verdict.log_probability - value.log_probability


def combined_rows(name: str, start: int, end: int, candidate: Candidate) -> Iterable[str]:
    """Rows, as GFF3, of a candidate as a gene that covers its locus: all share one window.

    Args:
        name: its identifier there.
        start: of the locus, 0-based.
        end: of the locus, exclusive.
        candidate: the gene.
    """
    gene = candidate.gene

    def row(kind: str, start: int, end: int, strand: str, phase: str, attributes: str) -> str:
        columns = (gene.seqid, "referee", kind, start + 1, end, ".", strand, phase, attributes)
        return "\t".join(map(str, columns)) + "\n"

    yield row("gene", start, end, gene.strand, ".", f"ID={name}")
    for number, transcript in enumerate(candidate.transcripts, start=1):
        own = f"{name}.t{number}"
        parts = transcript.parts or None
        first = min(p.start for p in parts) if parts else gene.start
        last = max(p.end for p in parts) if parts else gene.end
        kind = "mRNA" if parts else "transcript"
        yield row(kind, first, last, gene.strand, ".", f"ID={own};Parent={name}")
        for part in transcript.parts:
            phase = "." if part.phase is None else str(part.phase)
            yield row(part.kind, part.start, part.end, part.strand, phase, f"Parent={own}")
