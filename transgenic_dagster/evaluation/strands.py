"""A strand for predicted transcripts that have none, as gffcompare finds one."""

import dataclasses
from collections.abc import Mapping, Sequence

from transgenic_dagster.evaluation.classification import StrandReference, best_link
from transgenic_dagster.evaluation.segments import Placed, shared
from transgenic_dagster.evaluation.transcripts import Transcript, by_position


def with_strands(
    transcripts: Sequence[Transcript], references: Mapping[str, StrandReference]
) -> list[Transcript]:
    """Return the transcripts, each without a strand on that of what it overlaps most.

    The reference is asked first, then the other transcripts; what overlaps nothing stays as it is.
    """
    unknown = by_position(one for one in transcripts if one.strand == ".")
    known = [one for one in transcripts if one.strand != "."]
    waiting = []
    for one in unknown:
        link = best_link(
            one, [link for side in references.values() for link in side.relations(one)]
        )
        if link and link.reference and link.overlap > 0:
            known.append(dataclasses.replace(one, strand=link.reference.strand))
        else:
            waiting.append(one)
    if not waiting:
        return known
    beside = {
        strand: Placed(by_position(one for one in known if one.strand == strand))
        for strand in references
    }
    for one in waiting:
        overlaps = {
            strand: max(
                (shared(one.exons, other.exons) for other in side.overlapping(one.start, one.end)),
                default=0,
            )
            for strand, side in beside.items()
        }
        forward, reverse = overlaps["+"], overlaps["-"]
        strand = "." if forward == reverse else "+" if forward > reverse else "-"
        known.append(dataclasses.replace(one, strand=strand))
    return known
