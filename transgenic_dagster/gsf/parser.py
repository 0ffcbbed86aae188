"""Reads and writes the text of a gene sentence, strictly by the grammar of ``gsf.features``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from transgenic_dagster.gsf.features import CDS, CDS_PHASES, KIND_OF_NAME, NO_PHASE, STRANDS
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.system.wording import counted

# Eighteen digits lie far beyond any chromosome and well below the limit of int().
_COORDINATE = re.compile(r"[0-9]{1,18}")
_UTR_PHASES: Mapping[str, None] = {NO_PHASE: None}
_LETTER_OF_PHASE = {phase: letter for letter, phase in CDS_PHASES.items()}
_LONGEST_QUOTE = 60


class GsfError(ValueError):
    """A gene sentence, or one transcript of it, that describes no possible gene.

    Args:
        reason: the stable code of the reject report, such as ``unparsable``.
        detail: one sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as the sentence defines it, its coordinates not yet checked.

    Args:
        name: the name that transcripts use, such as ``CDS1``.
        kind: ``CDS``, ``five_prime_UTR`` or ``three_prime_UTR``.
        start: 0-based start, relative to the start of the window.
        end: exclusive end, relative to the start of the window; may lie before ``start``.
        strand: ``+`` or ``-``.
        phase: bases to skip before the first whole codon, 0 to 2; None for a UTR.
    """

    name: str
    kind: str
    start: int
    end: int
    strand: str
    phase: int | None


@dataclass(frozen=True, slots=True)
class GeneSentence:
    """A parsed sentence: the features by name, and the transcripts as lists of names.

    The names in ``transcripts`` are as written: ``transcript_features`` checks them, one
    transcript at a time, so that a bad isoform does not take the good ones with it.
    """

    features: dict[str, Feature]
    transcripts: tuple[tuple[str, ...], ...]

    def transcript_features(self, number: int) -> tuple[Feature, ...]:
        """Return the features of one transcript in the order in which it names them.

        Args:
            number: 1-based position of the transcript in the sentence.

        Raises:
            GsfError: ``unknown_feature`` where it names a feature that the sentence does not
                define, ``duplicate_feature`` where it names one twice.
        """
        names = self.transcripts[number - 1]
        for position, name in enumerate(names):
            if name not in self.features:
                raise GsfError(
                    RejectReason.UNKNOWN_FEATURE,
                    f"transcript {number} names {_quote(name)}, which the sentence does not define",
                )
            if name in names[:position]:
                raise GsfError(
                    RejectReason.DUPLICATE_FEATURE, f"transcript {number} names {name} twice"
                )
        return tuple(self.features[name] for name in names)


def parse_sentence(text: str) -> GeneSentence:
    """Parse the text of a gene sentence without start and end tokens (``pred_clean``).

    The feature list is shared by all transcripts, so any fault in it condemns the sentence;
    coordinates are only read here, whether they make sense is for the gene model to decide.

    Raises:
        GsfError: ``unparsable`` where the text breaks the grammar, ``unknown_feature`` where it
            defines a feature that the vocabulary lacks, ``duplicate_feature`` where it defines
            one twice.
    """
    feature_list, separator, transcript_list = text.partition(">")
    if not separator or ">" in transcript_list:
        raise GsfError(
            RejectReason.UNPARSABLE,
            f"the sentence has {text.count('>')} '>' where it needs exactly one, "
            "between features and transcripts",
        )
    features: dict[str, Feature] = {}
    for entry in feature_list.split(";"):
        feature = _parse_feature(entry)
        if feature.name in features:
            raise GsfError(
                RejectReason.DUPLICATE_FEATURE, f"the sentence defines {feature.name} twice"
            )
        features[feature.name] = feature
    transcripts = tuple(tuple(entry.split("|")) for entry in transcript_list.split(";"))
    for number, names in enumerate(transcripts, start=1):
        if "" in names:
            raise GsfError(
                RejectReason.UNPARSABLE, f"transcript {number} has an empty feature name"
            )
    return GeneSentence(features, transcripts)


def format_sentence(sentence: GeneSentence) -> str:
    """Return the text that ``parse_sentence`` reads as this sentence."""
    features = ";".join(_format_feature(feature) for feature in sentence.features.values())
    transcripts = ";".join("|".join(names) for names in sentence.transcripts)
    return f"{features}>{transcripts}"


def _parse_feature(entry: str) -> Feature:
    """Parse ``start|name|end|strand|phase``."""
    columns = entry.split("|")
    if len(columns) != 5:
        raise GsfError(
            RejectReason.UNPARSABLE,
            f"feature {_quote(entry)} has {counted(len(columns), 'column')} where it needs "
            "start|name|end|strand|phase",
        )
    start, name, end, strand, phase = columns
    for coordinate in (start, end):
        if not _COORDINATE.fullmatch(coordinate):
            raise GsfError(
                RejectReason.UNPARSABLE,
                f"feature {_quote(entry)} has the coordinate {_quote(coordinate)}, "
                "which is not a whole number of 1 to 18 digits",
            )
    if strand not in STRANDS:
        raise GsfError(
            RejectReason.UNPARSABLE,
            f"feature {_quote(entry)} has the strand {_quote(strand)}, "
            "which is neither '+' nor '-'",
        )
    kind = KIND_OF_NAME.get(name)
    if kind is None:
        raise GsfError(
            RejectReason.UNKNOWN_FEATURE,
            f"the sentence defines {_quote(name)}, which is not a feature name",
        )
    phases: Mapping[str, int | None] = CDS_PHASES if kind == CDS else _UTR_PHASES
    if phase not in phases:
        raise GsfError(
            RejectReason.UNPARSABLE,
            f"feature {_quote(entry)} has the phase {_quote(phase)}, "
            f"where a {kind} has {' or '.join(phases)}",
        )
    return Feature(name, kind, int(start), int(end), strand, phases[phase])


def _format_feature(feature: Feature) -> str:
    letter = NO_PHASE if feature.phase is None else _LETTER_OF_PHASE[feature.phase]
    return f"{feature.start}|{feature.name}|{feature.end}|{feature.strand}|{letter}"


def _quote(text: str) -> str:
    """Return the text in quotes, shortened so that a message stays one readable sentence."""
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")
