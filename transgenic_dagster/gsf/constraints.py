"""The grammar of the gene sentence as a table automaton over the decoder's tokens.

``ALLOWED[state]`` says which tokens may come next and ``NEXT[state, token]`` where they lead; what
tables cannot hold (coordinates, which names are defined) is left to who follows the automaton.

A sentence may start with ``<s>`` or without; ``;`` and ``>`` both stand between features and
transcripts, as the model was trained, since the text of a lone ``>`` would not parse.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from transgenic_dagster.gsf.features import (
    CDS,
    CDS_PHASES,
    FEATURES_PER_KIND,
    KIND_OF_NAME,
    NO_PHASE,
    STRANDS,
)
from transgenic_dagster.gsf.vocabulary import (
    BOS_ID,
    DECODER_START_ID,
    DIGIT_IDS,
    EOS_ID,
    TOKEN_IDS,
    TOKENS,
)

MAX_DIGITS: Final = 18
"""Most digits of a coordinate, leading zeros included, that the parser reads."""

SEPARATOR_ID: Final = TOKEN_IDS[";"]
TRANSCRIPTS_ID: Final = TOKEN_IDS[">"]
FORWARD_ID, REVERSE_ID = (TOKEN_IDS[strand] for strand in STRANDS)
FIRST_NAME_ID: Final = min(TOKEN_IDS[name] for name in KIND_OF_NAME)
"""Feature names are the last tokens of the vocabulary, CDS first."""
FEATURES: Final = len(KIND_OF_NAME)
CDS_FEATURES: Final = FEATURES_PER_KIND[CDS]


class State(IntEnum):
    """State of a sentence: what has been written last, and so what may follow."""

    INITIAL = 0
    """Nothing; the decoder's start token follows."""
    OPEN = 1
    """The start token."""
    FIRST_FEATURE = 2
    """``<s>``."""
    FEATURE_START = 3
    """Digits of a feature's start."""
    CDS_NAME = 4
    CDS_END = 5
    """Digits of the end of a CDS."""
    UTR_NAME = 6
    UTR_END = 7
    """Digits of the end of a UTR."""
    CDS_STRAND = 8
    UTR_STRAND = 9
    PHASE = 10
    NEXT_FEATURE = 11
    """``;`` behind a feature."""
    NEXT_TRANSCRIPT = 12
    """``>``, or ``;`` behind a transcript."""
    TRANSCRIPT = 13
    """A name in a transcript."""
    CLOSED = 14
    """The end token, or a token that was not allowed."""


def _ids(tokens: Iterable[str]) -> list[int]:
    return [TOKEN_IDS[token] for token in tokens]


_CDS_NAMES = _ids(name for name, kind in KIND_OF_NAME.items() if kind == CDS)
_UTR_NAMES = _ids(name for name, kind in KIND_OF_NAME.items() if kind != CDS)
_TRANSITIONS: Final[tuple[tuple[State, Iterable[int], State], ...]] = (
    (State.INITIAL, [DECODER_START_ID], State.OPEN),
    (State.OPEN, [BOS_ID], State.FIRST_FEATURE),
    (State.OPEN, DIGIT_IDS, State.FEATURE_START),
    (State.FIRST_FEATURE, DIGIT_IDS, State.FEATURE_START),
    (State.FEATURE_START, DIGIT_IDS, State.FEATURE_START),
    (State.FEATURE_START, _CDS_NAMES, State.CDS_NAME),
    (State.FEATURE_START, _UTR_NAMES, State.UTR_NAME),
    (State.CDS_NAME, DIGIT_IDS, State.CDS_END),
    (State.CDS_END, DIGIT_IDS, State.CDS_END),
    (State.CDS_END, _ids(STRANDS), State.CDS_STRAND),
    (State.CDS_STRAND, _ids(CDS_PHASES), State.PHASE),
    (State.UTR_NAME, DIGIT_IDS, State.UTR_END),
    (State.UTR_END, DIGIT_IDS, State.UTR_END),
    (State.UTR_END, _ids(STRANDS), State.UTR_STRAND),
    (State.UTR_STRAND, _ids([NO_PHASE]), State.PHASE),
    (State.PHASE, [SEPARATOR_ID], State.NEXT_FEATURE),
    (State.NEXT_FEATURE, DIGIT_IDS, State.FEATURE_START),
    (State.NEXT_FEATURE, [TRANSCRIPTS_ID], State.NEXT_TRANSCRIPT),
    (State.NEXT_TRANSCRIPT, _CDS_NAMES + _UTR_NAMES, State.TRANSCRIPT),
    (State.TRANSCRIPT, _CDS_NAMES + _UTR_NAMES, State.TRANSCRIPT),
    (State.TRANSCRIPT, [SEPARATOR_ID], State.NEXT_TRANSCRIPT),
    (State.TRANSCRIPT, [EOS_ID], State.CLOSED),
)


def _tables() -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    allowed = np.zeros((len(State), len(TOKENS)), dtype=np.bool_)
    following = np.full((len(State), len(TOKENS)), State.CLOSED, dtype=np.int64)
    for state, tokens, target in _TRANSITIONS:
        for token in tokens:
            allowed[state, token] = True
            following[state, token] = target
    return allowed, following


ALLOWED, NEXT = _tables()
"""Tokens that may follow a state, bool, and the states that they lead to, int64: (states, 272)."""
