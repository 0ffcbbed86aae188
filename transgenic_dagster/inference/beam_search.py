"""Beam search and beam sampling over a batch of regions.

The rules are those of Hugging Face 4.46, which the recorded sentences follow (see
``docs/design.md``): 2 * beams candidates per step, walked in order; an EOS among the first
``beams`` closes a hypothesis, one further down is ignored; length penalty 1; no early stopping.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch

from transgenic_dagster.gsf.vocabulary import DECODER_START_ID
from transgenic_dagster.inference.beam_step import StepInputs
from transgenic_dagster.inference.beams import Beams
from transgenic_dagster.inference.hypotheses import Hypothesis, Record
from transgenic_dagster.inference.sampling import exponential_noise, random_stream
from transgenic_dagster.model.step_graphs import can_capture

LOOK_EVERY = 4
"""Steps between two looks at which regions are done: each makes a GPU wait. What a region writes
meanwhile does not count."""


@dataclass(frozen=True)
class DecodingOptions:
    """Options of the search for sentences.

    Args:
        num_beams: live hypotheses per region; 1 is greedy.
        max_length: longest sentence in tokens, the start token included.
        do_sample: draw candidates instead of taking the best.
        seed: start of the random streams, one per region.
        grammar: allow only tokens after which a sentence can still become a possible gene (see
            ``inference.grammar``).
    """

    num_beams: int = 2
    max_length: int = 2048
    do_sample: bool = False
    seed: int = 0
    grammar: bool = False


class Decoding(Protocol):
    """Decoding state of a model as the search needs it; ``Decoding`` of the model offers it.

    Live regions stand in slots 0, 1, …, each with ``num_beams`` rows.
    """

    def admit(self, regions: int) -> None:
        """Let the next regions start in the slots behind the live ones."""

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V), fp32, after one more token (R,) per row."""

    def reorder(self, parents: torch.Tensor) -> None:
        """Let row i continue the sentence of row ``parents[i]``, (R,), of the same region."""

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""


class Constraint(Protocol):
    """Constraint as the search needs it; it follows regions and rows as ``Decoding`` does.

    In every row that it allows anything, it must allow a token other than the EOS.
    """

    def admit(self, regions: int) -> None:
        """Let the next regions start in the slots behind the live ones."""

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Take one more token (R,) per row and say which may follow: (R, V), bool."""

    def reorder(self, parents: torch.Tensor) -> None:
        """Let row i continue the sentence of row ``parents[i]``, (R,), of the same region."""

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""


@dataclass(frozen=True)
class _Region:
    """A region that is being searched.

    Args:
        number: of the region.
        prompt: what its sentence begins with, as token ids.
        stream: its random stream, None where the best candidates are taken.
        begun: steps of the whole search before its first.
        ends: steps of the whole search when its sentences may not become longer.
    """

    number: int
    prompt: Sequence[int]
    stream: torch.Generator | None
    begun: int
    ends: int


class _Ended(NamedTuple):
    """A region whose search is done, see ``Record``."""

    number: int
    prompt: Sequence[int]
    record: Record
    cut_off: bool


def search(
    decoding: Decoding,
    region_keys: Sequence[str],
    options: DecodingOptions,
    device: torch.device | str = "cpu",
    *,
    batch_size: int | None = None,
    constraint: Constraint | None = None,
    prompts: Sequence[Sequence[int]] = (),
) -> list[tuple[Hypothesis, ...]]:
    """Write one sentence per region.

    Args:
        decoding: state to which no region is admitted yet; it is used up.
        region_keys: one stable name per region; with the seed it fixes a region's random stream,
            whatever batch the region is in.
        options: how to search.
        device: where the logits are.
        batch_size: most regions that are decoded at a time, all by default; when one is finished
            the next that waits takes its place.
        constraint: what sentences must obey, if anything; to which no region is admitted yet.
        prompts: what each sentence begins with, as token ids from the start token on; the start
            token alone by default. ``decoding`` knows the same ones. They count for the length of
            a sentence, but not for its score or confidence; the costs of their digits say that
            they are certain.

    Returns:
        The hypotheses of each region, in order: the ``num_beams`` best that were closed, the
        winner first.

    Raises:
        NotFiniteError: a step gave logits that are NaN or infinite.
    """
    if constraint is not None and prompts:
        raise ValueError("a constraint does not follow prompts")
    starts = prompts or [(DECODER_START_ID,)] * len(region_keys)
    slots = min(batch_size or len(region_keys), len(region_keys))
    beams = Beams(slots, options.num_beams, options.max_length, device)
    followers: list[Decoding | Constraint] = [decoding, *([constraint] if constraint else [])]
    look_every = LOOK_EVERY if can_capture(torch.device(device)) else 1
    found: dict[int, tuple[Hypothesis, ...]] = {}
    live: list[_Region] = []
    ended: list[_Ended] = []
    steps = admitted = 0
    while True:
        count = min(slots - len(live), len(region_keys) - admitted)
        if count:
            new = [
                _begin(number, region_keys[number], starts[number], options, steps)
                for number in range(admitted, admitted + count)
            ]
            for state in followers:
                state.admit(count)
            beams.admit([region.prompt[-1] for region in new])
            live += new
            admitted += count
        if live:
            _step(decoding, constraint, beams, live)
            for state in followers:
                state.reorder(beams.parents)
            steps += 1
        for one in ended:  # followed while the device works
            found[one.number] = one.record.hypotheses(one.prompt, cut_off=one.cut_off)
        if not live:
            return [found[number] for number in range(len(region_keys))]
        looks = steps == 1 or steps % look_every == 0 or steps == min(r.ends for r in live)
        ended = _end(beams, live, followers, steps) if looks else []


def _begin(
    number: int, key: str, prompt: Sequence[int], options: DecodingOptions, steps: int
) -> _Region:
    stream = random_stream(options.seed, key) if options.do_sample else None
    return _Region(number, prompt, stream, steps, steps + options.max_length - len(prompt))


def _end(
    beams: Beams, live: list[_Region], followers: Sequence[Decoding | Constraint], steps: int
) -> list[_Ended]:
    """Let go of the regions that are done; the last ones take their slots."""
    done = beams.done()
    slots = [s for s, region in enumerate(live) if done[s] or region.ends == steps]
    records = beams.records(slots, [steps - live[slot].begun for slot in slots])
    ended = [
        _Ended(live[slot].number, live[slot].prompt, record, cut_off=not done[slot])
        for slot, record in zip(slots, records, strict=True)
    ]
    for slot in reversed(slots):
        for state in followers:
            state.release(slot)
        beams.release(slot)
        live[slot] = live[-1]
        live.pop()
    return ended


def _step(
    decoding: Decoding, constraint: Constraint | None, beams: Beams, live: Sequence[_Region]
) -> None:
    """Write one token in every beam of the live regions."""
    tokens = beams.tokens
    logits = decoding.step(tokens)  # (R, V)
    allowed = constraint.step(tokens) if constraint is not None else None
    streams = [region.stream for region in live if region.stream is not None]
    noise = None
    if streams:
        noise = exponential_noise(streams, logits.numel() // len(streams), logits.device)
    beams.advance(StepInputs(logits, allowed, noise))
