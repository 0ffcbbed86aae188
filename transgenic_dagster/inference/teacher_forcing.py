"""Teacher forcing: the probability that the model gives to sentences that it did not write.

A whole sentence is read in one pass, each token seeing those before it. Where the model would have
written another number, the number that it would have written is found by letting it write on from
there, greedily, with the keys and values of that pass as its past.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from transgenic_dagster.gsf.token_scores import PreferredNumber, TokenScores
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, DIGIT_IDS, PAD_ID
from transgenic_dagster.inference.beams import NotFiniteError
from transgenic_dagster.model import TransgenicForConditionalGeneration
from transgenic_dagster.model.attention import KeyValues

DECIMALS = 7
"""Decimals of log-probabilities; what follows would differ between machines."""
MAX_DIGITS = 6
"""Most digits of a preferred coordinate: windows have at most 49,152 nt."""


@torch.inference_mode()
def read_sentences(
    model: TransgenicForConditionalGeneration,
    input_ids: torch.Tensor,
    sentences: Sequence[Sequence[int]],
    numbers: Sequence[Sequence[range]],
) -> list[TokenScores]:
    """Read one sentence per window.

    Args:
        model: in evaluation mode.
        input_ids: DNA ids of B windows of one length L, (B, L), on the model's device.
        sentences: B sentences as token ids, without the start token, the end token last.
        numbers: for each sentence, the digits of the numbers whose alternatives are wanted, as
            indices into it.

    Returns:
        B sentences as the model sees them.

    Raises:
        NotFiniteError: the model gives logits that are NaN or infinite.
    """
    decoder, device = model.transgenic.decoder, input_ids.device
    encoder_states = torch.cat([model.encode(window[None]) for window in input_ids])  # (B, S, D)
    cross = [layer.encoder_attn.project(encoder_states) for layer in decoder.layers]
    longest = max(map(len, sentences))
    labels = torch.full((len(sentences), longest), PAD_ID)
    for row, ids in enumerate(sentences):
        labels[row, : len(ids)] = torch.tensor(ids)
    labels = labels.to(device)  # (B, T)
    start = torch.full_like(labels[:, :1], DECODER_START_ID)
    h, written = decoder.read(torch.cat([start, labels[:, :-1]], dim=1), cross.__getitem__)
    log_probabilities = torch.log_softmax(model.head(h), dim=-1)  # (B, T, V)
    if not log_probabilities.isfinite().all():
        raise NotFiniteError
    of_labels = log_probabilities.gather(2, labels[:, :, None])[:, :, 0].cpu()  # (B, T)
    rather = log_probabilities.argmax(dim=-1).cpu()  # (B, T)
    read = []
    for row, ids in enumerate(sentences):
        past = _Past(
            model,
            [KeyValues(kv.keys[row : row + 1], kv.values[row : row + 1]) for kv in written],
            [KeyValues(kv.keys[row : row + 1], kv.values[row : row + 1]) for kv in cross],
        )
        preferred = _preferred(past, ids, numbers[row], rather[row], log_probabilities[row])
        given = of_labels[row, : len(ids)].tolist()
        read.append(TokenScores(tuple(round(value, DECIMALS) for value in given), preferred))
    return read


@dataclass(frozen=True)
class _Past:
    """A region and a sentence that was read, for rows that go on from some token of it.

    Args:
        model: that read it.
        written: self-attention's keys and values by layer, (1, H, T, hd).
        cross: cross-attention's, (1, H, S, hd).
    """

    model: TransgenicForConditionalGeneration
    written: list[KeyValues]
    cross: list[KeyValues]

    def write_on(self, seen: Sequence[int], tokens: Sequence[int], steps: int) -> torch.Tensor:
        """Write greedily from several tokens on.

        Args:
            seen: tokens of the sentence, the start token included, that each row sees, R.
            tokens: the token that each row writes next, R.
            steps: how many more tokens to write.

        Returns:
            Log-probabilities of all tokens after each step, (steps, R, V), on the CPU; the most
            likely one is what is written.
        """
        decoder = self.model.transgenic.decoder
        device = self.written[0].keys.device
        rows, length = len(seen), self.written[0].keys.shape[2]
        places = torch.tensor(seen, device=device)  # (R,)
        columns = torch.arange(length + steps, device=device)
        visible = (columns < places[:, None]) | (columns >= length)  # (R, T + steps)
        room = [_with_room(kv, rows, steps) for kv in self.written]
        token_ids = torch.tensor(tokens, device=device)
        given = []
        for step in range(steps):
            h = decoder.step(
                token_ids,
                (places + step)[:, None],
                visible[:, None, None, : length + step + 1],
                partial(_append, room, length + step),
                self.cross.__getitem__,
            )
            log_probabilities = torch.log_softmax(self.model.head(h)[:, -1], dim=-1)  # (R, V)
            given.append(log_probabilities.cpu())
            token_ids = log_probabilities.argmax(dim=-1)
        return torch.stack(given)


def _with_room(kv: KeyValues, rows: int, steps: int) -> KeyValues:
    """Keys and values (1, H, T, hd) for each of some rows, with room for more columns."""

    def enlarged(held: torch.Tensor) -> torch.Tensor:
        _, heads, length, channels = held.shape
        room = held.new_zeros(rows, heads, length + steps, channels)  # (R, H, T + steps, hd)
        room[:, :, :length] = held
        return room

    return KeyValues(enlarged(kv.keys), enlarged(kv.values))


def _append(room: list[KeyValues], column: int, layer: int, new: KeyValues) -> KeyValues:
    held = room[layer]
    held.keys[:, :, column : column + 1] = new.keys
    held.values[:, :, column : column + 1] = new.values
    return KeyValues(held.keys[:, :, : column + 1], held.values[:, :, : column + 1])


@dataclass(frozen=True, slots=True)
class _Deviation:
    """The first token of a number at which the model would have written another.

    Args:
        index: of the number among those asked for.
        token: index of the token in the sentence; the one behind the digits where the number
            would have gone on.
        rather: the token that the model would have written.
        digits: of the number up to there, as text.
        log_probability: of those digits and of ``rather``, where that is a digit.
    """

    index: int
    token: int
    rather: int
    digits: str
    log_probability: float


def _preferred(
    past: _Past,
    ids: Sequence[int],
    numbers: Sequence[range],
    rather: torch.Tensor,
    log_probabilities: torch.Tensor,
) -> tuple[PreferredNumber | None, ...]:
    """Numbers that the model would rather have written.

    Args:
        past: the sentence as it was read.
        ids: its tokens.
        numbers: the digits of the numbers.
        rather: the most likely token at each token, (T,).
        log_probabilities: of all tokens at each token, (T, V).
    """
    found: list[PreferredNumber | None] = [None] * len(numbers)
    going_on = []
    for index, digits in enumerate(numbers):
        deviation = _first_deviation(index, ids, digits, rather, log_probabilities)
        if deviation is None:
            continue
        if deviation.rather in DIGIT_IDS:
            going_on.append(deviation)
        else:
            found[index] = PreferredNumber(
                int(deviation.digits or -1), round(deviation.log_probability, DECIMALS)
            )
    if going_on:
        # A row that writes token t sees t + 1 tokens: the start token stands before all others.
        given = past.write_on(
            [one.token + 1 for one in going_on],
            [one.rather for one in going_on],
            MAX_DIGITS,
        )
        for row, one in enumerate(going_on):
            found[one.index] = _completed(one, given[:, row])
    return tuple(found)


def _first_deviation(
    index: int,
    ids: Sequence[int],
    digits: range,
    rather: torch.Tensor,
    log_probabilities: torch.Tensor,
) -> _Deviation | None:
    text, total = "", 0.0
    for token in range(digits.start, digits.stop + 1):
        wanted = int(rather[token])
        is_behind = token == digits.stop
        if wanted != ids[token] and (not is_behind or wanted in DIGIT_IDS):
            if wanted in DIGIT_IDS:
                total += float(log_probabilities[token, wanted])
            return _Deviation(index, token, wanted, text, total)
        if not is_behind:
            text += str(ids[token] - DIGIT_IDS.start)
            total += float(log_probabilities[token, ids[token]])
    return None


def _completed(deviation: _Deviation, given: torch.Tensor) -> PreferredNumber:
    """Read on from a deviation up to the end of the number.

    Args:
        deviation: a digit.
        given: log-probabilities of all tokens behind it, step by step, (steps, V).
    """
    text = deviation.digits + str(deviation.rather - DIGIT_IDS.start)
    total = deviation.log_probability
    for step in given:
        token = int(step.argmax())
        if token not in DIGIT_IDS or len(text) == MAX_DIGITS:
            break
        text += str(token - DIGIT_IDS.start)
        total += float(step[token])
    return PreferredNumber(int(text), round(total, DECIMALS))
