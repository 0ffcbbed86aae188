"""Writes transcripts as a gene sentence, in the order that the model was trained on.

For each transcript in turn: its CDS parts, then its 5' UTR parts, then its 3' UTR parts, each
ascending by coordinate whatever the strand. A part with the start, end, strand and phase of an
earlier one of its kind shares that one's name; any other is appended to the feature list under the
next number of its kind. So the parts of one isoform stand behind those of the isoforms before it.
Transcripts name their parts in the same order. (Recorded from the published training data.)

What the model itself wrote may stand in another order, or have other numbers; where an annotation
keeps the names, the sentence is told by them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from transgenic_dagster.gsf.features import FEATURES_PER_KIND
from transgenic_dagster.gsf.parser import Feature, GeneSentence, GsfError
from transgenic_dagster.reject_reason import RejectReason

_RANK = {kind: rank for rank, kind in enumerate(FEATURES_PER_KIND)}


class Part(NamedTuple):
    """A part of a transcript, 0-based half-open relative to the start of the window.

    Args:
        kind: ``CDS``, ``five_prime_UTR`` or ``three_prime_UTR``.
        start: first base.
        end: exclusive.
        strand: ``+`` or ``-``.
        phase: bases to skip before the first whole codon, 0 to 2; None for a UTR.
    """

    kind: str
    start: int
    end: int
    strand: str
    phase: int | None


def sentence_of_parts(transcripts: Sequence[Iterable[Part]]) -> GeneSentence:
    """Write transcripts as a sentence.

    Args:
        transcripts: the parts of each, in any order.

    Raises:
        GsfError: ``too_many_parts`` where the model has no names for so many.
    """
    names: dict[Part, str] = {}
    numbers = dict.fromkeys(FEATURES_PER_KIND, 0)
    named: list[tuple[str, ...]] = []
    for parts in transcripts:
        in_order = sorted(parts, key=lambda part: (_RANK[part.kind], part.start, part.end))
        for part in in_order:
            if part not in names:
                numbers[part.kind] += 1
                names[part] = f"{part.kind}{numbers[part.kind]}"
        named.append(tuple(names[part] for part in in_order))
    for kind, count in numbers.items():
        if count > FEATURES_PER_KIND[kind]:
            raise GsfError(
                RejectReason.TOO_MANY_PARTS,
                f"the gene has {count} different {kind} parts, and the model has names for "
                f"{FEATURES_PER_KIND[kind]}",
            )
    features = {name: Feature(name, *part) for part, name in names.items()}
    return GeneSentence(features, tuple(named))


def sentence_of_named_parts(transcripts: Sequence[Mapping[str, Part]]) -> GeneSentence | None:
    """Write transcripts as the sentence in which their parts have names already.

    Args:
        transcripts: the parts of each by name, in the order in which it names them; features stand
            in the order in which they are named first.

    Returns:
        None where a name stands for two parts.
    """
    named: dict[str, Part] = {}
    for parts in transcripts:
        for name, part in parts.items():
            if named.setdefault(name, part) != part:
                return None
    features = {name: Feature(name, *part) for name, part in named.items()}
    return GeneSentence(features, tuple(tuple(parts) for parts in transcripts))
