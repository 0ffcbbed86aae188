"""Loci: transcripts of one strand that are linked by overlapping exons."""

from collections.abc import Iterable, Sequence

from transgenic_dagster.evaluation.segments import Placed, Segment, merge, shared
from transgenic_dagster.evaluation.transcripts import Transcript, by_position

FIRST_EXON = 1
LAST_EXON = 2


class Locus:
    """Transcripts whose exons overlap, with what they have between them.

    Args:
        transcript: the first one.

    Attributes:
        exons: distinct exons, each with ``FIRST_EXON`` and ``LAST_EXON`` added up if it is the
            leftmost or rightmost one of the transcript that brought it.
        introns: distinct introns, each with the transcript that brought it.
        covered: union of all exons, ascending.
        longest: the transcript with the most nucleotides.
    """

    def __init__(self, transcript: Transcript) -> None:
        self.transcripts: list[Transcript] = []
        self.exons: dict[Segment, int] = {}
        self.introns: dict[Segment, Transcript] = {}
        self.covered: list[Segment] = []
        self.start, self.end = transcript.start, transcript.end
        self.longest = transcript
        self.add(transcript)

    @property
    def multi_exon(self) -> int:
        """Number of transcripts with an intron."""
        return sum(len(one.exons) > 1 for one in self.transcripts)

    def add(self, transcript: Transcript) -> None:
        """Take a transcript in; what it shares with earlier ones stays theirs."""
        last = len(transcript.exons) - 1
        for number, exon in enumerate(transcript.exons):
            flags = FIRST_EXON * (number == 0) | LAST_EXON * (number == last)
            self.exons.setdefault(exon, flags)
        for intron in transcript.introns:
            self.introns.setdefault(intron, transcript)
        self.transcripts.append(transcript)
        self._extend(transcript.exons, transcript)

    def absorb(self, other: "Locus") -> None:
        """Take in another locus that a transcript links to this one, which has it already."""
        for exon, flags in other.exons.items():
            self.exons.setdefault(exon, flags)
        for intron, transcript in other.introns.items():
            mine = self.introns.setdefault(intron, transcript)
            if transcript.length > mine.length:
                self.introns[intron] = transcript
        here = set(map(id, self.transcripts))
        self.transcripts += [one for one in other.transcripts if id(one) not in here]
        self._extend(other.covered, other.longest)

    def _extend(self, exons: Sequence[Segment], longest: Transcript) -> None:
        self.covered = merge([*self.covered, *exons]) if self.covered else list(exons)
        self.start, self.end = self.covered[0][0], self.covered[-1][1]
        if longest.length > self.longest.length:
            self.longest = longest


def find_loci(transcripts: Iterable[Transcript]) -> list[Locus]:
    """Group transcripts of one strand of one sequence into loci, sorted by start."""
    done: list[Locus] = []
    open_loci: list[Locus] = []
    for transcript in by_position(transcripts):
        done += [locus for locus in open_loci if locus.end <= transcript.start]
        open_loci = [locus for locus in open_loci if locus.end > transcript.start]
        linked = [locus for locus in open_loci if shared(locus.covered, transcript.exons)]
        for locus in linked:
            locus.add(transcript)
        for locus in reversed(linked[1:]):
            linked[0].absorb(locus)
            open_loci.remove(locus)
        if not linked:
            open_loci.append(Locus(transcript))
    return sorted(done + open_loci, key=lambda locus: (locus.start, locus.end))


class Superlocus:
    """Loci of both annotations that are linked by overlapping exons.

    Args:
        predicted: predicted loci, in the order in which they were reached.
        reference: reference loci, in the order in which they were reached.
    """

    def __init__(self, predicted: list[Locus], reference: list[Locus]) -> None:
        self.predicted = predicted
        self.reference = reference


def find_superloci(predicted: Sequence[Locus], reference: Sequence[Locus]) -> list[Superlocus]:
    """Link the loci of two annotations on one strand; loci without a partner stay alone."""
    placed = Placed(reference)
    links: dict[int, list[Locus]] = {}
    for locus in predicted:
        partners = [
            other
            for other in placed.overlapping(locus.start, locus.end)
            if shared(locus.covered, other.covered)
        ]
        links[id(locus)] = partners[::-1]
        for other in partners:
            links.setdefault(id(other), []).append(locus)
    superloci = []
    seen: set[int] = set()
    for locus in predicted:
        if id(locus) not in seen:
            superloci.append(_reach(locus, links, seen))
    superloci += [Superlocus([], [other]) for other in reference if id(other) not in seen]
    return superloci


def _reach(first: Locus, links: dict[int, list[Locus]], seen: set[int]) -> Superlocus:
    """Collect the loci linked to a predicted one, depth first, the last link first."""
    superlocus = Superlocus([], [])
    stack = [first]
    while stack:
        locus = stack.pop()
        if id(locus) in seen:
            continue
        seen.add(id(locus))
        superlocus.predicted.append(locus)
        for other in links[id(locus)]:
            if id(other) not in seen:
                seen.add(id(other))
                superlocus.reference.append(other)
                stack += [link for link in links[id(other)] if id(link) not in seen]
    return superlocus
