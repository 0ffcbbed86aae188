"""gffcompare's measures: base, exon, intron, intron chain, transcript and locus.

Everything is counted on each strand of each sequence and added up. The rules are those of
gffcompare 0.12 with its default options:

- a free end of a terminal exon may differ by up to 100 nt on the exon level, where both exons are
  terminal on that side;
- transcripts match by their intron chains whatever their ends, single exons by 80% of their length;
  each transcript of either side is matched once, in the order of position;
- duplicates are left out of the reference alone (see ``duplicates``);
- transcripts without a strand count on neither strand, those of the reference not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from transgenic_dagster.evaluation.class_codes import transcripts_match
from transgenic_dagster.evaluation.loci import (
    FIRST_EXON,
    LAST_EXON,
    Locus,
    Superlocus,
    find_superloci,
)
from transgenic_dagster.evaluation.measures import Contents, Level, StructureMeasures, Unmatched
from transgenic_dagster.evaluation.segments import Segment, shared, total
from transgenic_dagster.evaluation.transcripts import Transcript, by_position

TERMINAL_EXON_RANGE = 100
"""Nucleotides by which the free ends of terminal exons may differ."""


@dataclass(slots=True)
class SideCounts:
    """Features of one annotation, and how many of them the other has.

    Args:
        transcripts: number of transcripts.
        multi_exon: those with an intron.
        loci: number of loci.
        multi_transcript_loci: those with several transcripts, one of them with an intron.
        duplicates: transcripts left out.
        bases: nucleotides of all exons, on each strand.
        exons: distinct exons.
        introns: distinct introns.
        exons_matched: exons that match one of the other annotation.
        exons_alone: exons that overlap none.
        introns_alone: introns that overlap none of linked loci.
        loci_matched: loci with a matching transcript.
        loci_alone: loci whose exons overlap none.
    """

    transcripts: int = 0
    multi_exon: int = 0
    loci: int = 0
    multi_transcript_loci: int = 0
    duplicates: int = 0
    bases: int = 0
    exons: int = 0
    introns: int = 0
    exons_matched: int = 0
    exons_alone: int = 0
    introns_alone: int = 0
    loci_matched: int = 0
    loci_alone: int = 0

    def add_loci(self, loci: Sequence[Locus]) -> None:
        """Count what loci have."""
        for locus in loci:
            multi_exon = locus.multi_exon
            self.transcripts += len(locus.transcripts)
            self.multi_exon += multi_exon
            self.loci += 1
            self.multi_transcript_loci += multi_exon > 0 and len(locus.transcripts) > 1
            self.bases += total(locus.covered)
            self.exons += len(locus.exons)
            self.introns += len(locus.introns)

    def add_alone(self, loci: Sequence[Locus]) -> None:
        """Count loci without a partner: all that they have is missed, or novel."""
        self.loci_alone += len(loci)
        self.exons_alone += sum(len(locus.exons) for locus in loci)
        self.introns_alone += sum(len(locus.introns) for locus in loci)


@dataclass(slots=True)
class Counts:
    """Counts of both annotations.

    Args:
        predicted: those of the prediction.
        reference: those of the reference.
        bases: nucleotides that both have.
        introns: introns that both have.
        chains: matching intron chains.
        transcripts: matching transcripts.
    """

    predicted: SideCounts
    reference: SideCounts
    bases: int = 0
    introns: int = 0
    chains: int = 0
    transcripts: int = 0

    def add_strand(self, predicted: Sequence[Locus], reference: Sequence[Locus]) -> None:
        """Count the loci of one strand of one sequence."""
        self.predicted.add_loci(predicted)
        self.reference.add_loci(reference)
        for superlocus in find_superloci(predicted, reference):
            if not superlocus.reference:
                self.predicted.add_alone(superlocus.predicted)
            elif not superlocus.predicted:
                self.reference.add_alone(superlocus.reference)
            else:
                self._compare(superlocus)

    def add_unstranded(self, predicted: Sequence[Locus]) -> None:
        """Count predicted loci without a strand, which match nothing."""
        self.predicted.add_loci(predicted)
        self.predicted.add_alone(predicted)

    def _compare(self, superlocus: Superlocus) -> None:
        self.bases += sum(
            shared(one.covered, other.covered)
            for one in superlocus.predicted
            for other in superlocus.reference
            if one.start < other.end and other.start < one.end
        )
        self._compare_exons(superlocus)
        self._compare_introns(superlocus)
        self._compare_transcripts(superlocus)

    def _compare_exons(self, superlocus: Superlocus) -> None:
        reference = sorted(
            (exon, flags) for locus in superlocus.reference for exon, flags in locus.exons.items()
        )
        overlapped: set[Segment] = set()
        matched: set[Segment] = set()
        for locus in superlocus.predicted:
            for exon, flags in locus.exons.items():
                is_overlapped = is_matched = False
                for other, other_flags in reference:
                    if exon[1] <= other[0]:
                        break
                    if other[1] <= exon[0]:
                        continue
                    is_overlapped = True
                    overlapped.add(other)
                    if _exons_match(exon, other, flags & other_flags):
                        is_matched = True
                        matched.add(other)
                self.predicted.exons_alone += not is_overlapped
                self.predicted.exons_matched += is_matched
        self.reference.exons_alone += len(reference) - len(overlapped)
        self.reference.exons_matched += len(matched)

    def _compare_introns(self, superlocus: Superlocus) -> None:
        """Compare introns as gffcompare does.

        It looks through the introns of the reference locus by locus, in the order in which the loci
        were reached, and stops at the first that lies behind.
        """
        reference = [intron for locus in superlocus.reference for intron in sorted(locus.introns)]
        overlapped: set[Segment] = set()
        for locus in superlocus.predicted:
            for intron in locus.introns:
                is_overlapped = False
                for other in reference:
                    if intron[1] <= other[0]:
                        break
                    if intron[0] < other[1]:
                        is_overlapped = True
                        overlapped.add(other)
                        self.introns += intron == other
                self.predicted.introns_alone += not is_overlapped
        self.reference.introns_alone += len(reference) - len(overlapped)

    def _compare_transcripts(self, superlocus: Superlocus) -> None:
        predicted = _transcripts(superlocus.predicted)
        reference = _transcripts(superlocus.reference)
        partners: dict[int, Transcript] = {}
        for one in by_position(predicted):
            for other in reference:
                if other.start >= one.end:
                    break
                if id(other) not in partners and transcripts_match(one, other):
                    partners[id(other)], partners[id(one)] = one, other
                    self.transcripts += 1
                    self.chains += len(one.exons) > 1
                    break
        for side, loci in (
            (self.predicted, superlocus.predicted),
            (self.reference, superlocus.reference),
        ):
            side.loci_matched += sum(
                any(id(one) in partners for one in locus.transcripts) for locus in loci
            )

    def add(self, other: "Counts") -> None:
        """Add the counts of another sequence."""
        for mine, theirs in (
            (self, other),
            (self.predicted, other.predicted),
            (self.reference, other.reference),
        ):
            for field in fields(mine):
                if isinstance(getattr(mine, field.name), int):
                    value = getattr(mine, field.name) + getattr(theirs, field.name)
                    setattr(mine, field.name, value)

    def measures(self) -> StructureMeasures:
        """Return the counts as levels."""
        predicted, reference = self.predicted, self.reference
        return StructureMeasures(
            _contents(predicted),
            _contents(reference),
            (
                Level("base", self.bases, reference.bases, self.bases, predicted.bases),
                Level(
                    *("exon", reference.exons_matched, reference.exons),
                    *(predicted.exons_matched, predicted.exons),
                ),
                Level("intron", self.introns, reference.introns, self.introns, predicted.introns),
                Level(
                    *("intron chain", self.chains, reference.multi_exon),
                    *(self.chains, predicted.multi_exon),
                ),
                Level(
                    *("transcript", self.transcripts, reference.transcripts),
                    *(self.transcripts, predicted.transcripts),
                ),
                Level(
                    *("locus", reference.loci_matched, reference.loci),
                    *(predicted.loci_matched, predicted.loci),
                ),
            ),
            (
                Unmatched(
                    *("exon", reference.exons_alone, reference.exons),
                    *(predicted.exons_alone, predicted.exons),
                ),
                Unmatched(
                    *("intron", reference.introns_alone, reference.introns),
                    *(predicted.introns_alone, predicted.introns),
                ),
                Unmatched(
                    *("locus", reference.loci_alone, reference.loci),
                    *(predicted.loci_alone, predicted.loci),
                ),
            ),
        )


def _exons_match(exon: Segment, other: Segment, flags: int) -> bool:
    """Return whether exons match; ``flags`` are those of both."""
    at_start = TERMINAL_EXON_RANGE if flags & FIRST_EXON else 0
    at_end = TERMINAL_EXON_RANGE if flags & LAST_EXON else 0
    return abs(exon[0] - other[0]) <= at_start and abs(exon[1] - other[1]) <= at_end


def _transcripts(loci: Sequence[Locus]) -> list[Transcript]:
    return by_position(one for locus in loci for one in locus.transcripts)


def _contents(side: SideCounts) -> Contents:
    return Contents(
        side.transcripts,
        side.multi_exon,
        side.loci,
        side.multi_transcript_loci,
        side.duplicates,
    )
