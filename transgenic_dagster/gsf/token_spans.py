"""Places of the parts of a sentence among its tokens, so that each can be given its probability."""

from collections.abc import Iterator
from dataclasses import dataclass

from transgenic_dagster.gsf.parser import Feature, GeneSentence


@dataclass(frozen=True, slots=True)
class FeatureSpans:
    """Tokens of a feature: indices into the ids of ``encode_gsf``, half-open.

    Args:
        start: digits of its start.
        end: digits of its end.
        whole: from the first digit of the start up to the separator behind the phase.
    """

    start: range
    end: range
    whole: range


@dataclass(frozen=True, slots=True)
class TokenSpans:
    """Tokens of a sentence.

    Args:
        features: of each feature, by name.
        transcripts: names of each transcript, with the separator or end token behind them.
        length: tokens in all, ``<s>`` and ``</s>`` included.
    """

    features: dict[str, FeatureSpans]
    transcripts: tuple[range, ...]
    length: int

    @property
    def coordinates(self) -> list[range]:
        """Digits of each coordinate: the start and the end of each feature in turn."""
        return [digits for one in self.features.values() for digits in (one.start, one.end)]

    def of_transcript(self, sentence: GeneSentence, number: int) -> Iterator[int]:
        """Tokens that tell one transcript (from 1): its features, and the names of its parts."""
        for name in sentence.transcripts[number - 1]:
            yield from self.features[name].whole
        yield from self.transcripts[number - 1]


def token_spans(sentence: GeneSentence) -> TokenSpans:
    """Find the parts of a sentence among the ids that ``encode_gsf`` gives for its text."""
    features = {}
    position = 1  # behind <s>
    for name, feature in sentence.features.items():
        features[name] = _feature_spans(feature, position)
        position = features[name].whole.stop
    position += 1  # the > behind the last separator
    transcripts = []
    for names in sentence.transcripts:
        transcripts.append(range(position, position + len(names) + 1))
        position = transcripts[-1].stop
    return TokenSpans(features, tuple(transcripts), position)


def _feature_spans(feature: Feature, first: int) -> FeatureSpans:
    start = range(first, first + len(str(feature.start)))
    end_first = start.stop + 1  # behind the name
    end = range(end_first, end_first + len(str(feature.end)))
    return FeatureSpans(start, end, range(first, end.stop + 3))  # strand, phase, separator
