"""The decoder's vocabulary: gene sentences (GSF) to token ids and back.

272 tokens; numbers are written digit by digit and ``|`` is not a token. Recorded from the
published tokenizer; see ``docs/design.md``.
"""

from collections.abc import Iterable

BOS_ID = 0
PAD_ID = 1
EOS_ID = 2
UNK_ID = 3
DECODER_START_ID = EOS_ID

MAX_CDS = 150
MAX_UTR = 50

TOKENS: tuple[str, ...] = (
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    *"0123456789",
    *"ABC",
    ">",
    ".",
    "+",
    "-",
    ";",
    *(f"CDS{i}" for i in range(1, MAX_CDS + 1)),
    *(f"five_prime_UTR{i}" for i in range(1, MAX_UTR + 1)),
    *(f"three_prime_UTR{i}" for i in range(1, MAX_UTR + 1)),
)
TOKEN_IDS: dict[str, int] = {token: i for i, token in enumerate(TOKENS)}
DIGIT_IDS = range(TOKEN_IDS["0"], TOKEN_IDS["9"] + 1)
"""Ids of the digits, in order."""

_DIGITS = frozenset("0123456789")
_NEVER_SHOWN = frozenset({PAD_ID, EOS_ID, UNK_ID})
# Order matters: each replacement works on what the one before it left.
_SEPARATORS = (("|;|>|", ">"), (";>", ">"), (">|", ">"), ("|;|", ";"))


def encode_gsf(sentence: str) -> list[int]:
    """Turn a gene sentence into the ids that the model was trained to write.

    Args:
        sentence: a GSF string such as ``0|CDS1|30|+|A>CDS1``.

    Returns:
        Ids from ``<s>`` to ``</s>``; both ``;`` and ``>`` stand between features and transcripts.
        A part that is neither a token nor a number becomes ``<unk>``.
    """
    ids = [BOS_ID]
    for part in sentence.replace(";", "|;|").replace(">", "|;|>|").split("|"):
        if part and _DIGITS.issuperset(part):
            ids.extend(TOKEN_IDS[digit] for digit in part)
        else:
            ids.append(TOKEN_IDS.get(part, UNK_ID))
    ids.append(EOS_ID)
    return ids


def decode_ids(ids: Iterable[int]) -> str:
    """Turn ids into the raw sentence (``pred_raw``): padding, ends and unknowns dropped.

    Args:
        ids: token ids, with or without the start token.

    Returns:
        The sentence with ``<s>`` kept, as the published tokenizer writes it.
    """
    parts: list[str] = []
    in_number = False
    for token_id in ids:
        if token_id in _NEVER_SHOWN:
            continue
        token = TOKENS[token_id]
        is_digit = token_id in DIGIT_IDS
        if is_digit and in_number:
            parts[-1] += token
        else:
            parts.append(token)
        in_number = is_digit
    text = "|".join(parts)
    for old, new in _SEPARATORS:
        text = text.replace(old, new)
    return text


def clean_sentence(raw: str) -> str:
    """Remove the sentence marks from a raw sentence (``pred_raw`` to ``pred_clean``)."""
    return raw.replace("|</s>", "").replace("</s>", "").replace("<s>", "")
