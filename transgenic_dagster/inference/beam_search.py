"""Beam search and beam sampling over a batch of regions.

The rules are those of Hugging Face 4.46, which the recorded sentences follow (see
``docs/design.md``): 2 * beams candidates per step, walked in order; an EOS among the first
``beams`` closes a hypothesis, one further down is ignored; length penalty 1; no early stopping.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch

from transgenic_dagster.gsf.digit_costs import COST_STEP, DIGITS, MAX_COST, certain_costs
from transgenic_dagster.gsf.vocabulary import DECODER_START_ID, DIGIT_IDS, EOS_ID
from transgenic_dagster.inference.hypotheses import Beam, Closed, Hypothesis, Node

NEVER = -1e9
SAMPLING_TOP_K = 50


class NotFiniteError(ArithmeticError):
    """The model gave logits that are NaN or infinite."""


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

    def reorder(self, parents: Sequence[int]) -> None:
        """Let row i continue the sentence of row ``parents[i]``."""

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

    def reorder(self, parents: Sequence[int]) -> None:
        """Let row i continue the sentence of row ``parents[i]``."""

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""


@dataclass
class _Search:
    """The search of one region."""

    options: DecodingOptions
    prompt_length: int
    beams: list[Beam]
    generator: torch.Generator | None
    closed: list[Closed] = field(default_factory=list)
    done: bool = False

    def advance(
        self,
        scores: Sequence[float],
        parents: Sequence[int],
        tokens: Sequence[int],
        digit_costs: bytes,
    ) -> None:
        """Take one step's candidates, best first.

        Args:
            scores: their summed log-probabilities.
            parents: the beams that they continue.
            tokens: the tokens that they add.
            digit_costs: ten bytes for each beam, what the model gave to the digits.
        """
        num_beams = self.options.num_beams
        generated = self.beams[0].node.length + 1
        live: list[Beam] = []
        for rank, (score, parent, token) in enumerate(zip(scores, parents, tokens, strict=True)):
            before = self.beams[parent]
            is_eos = token == EOS_ID
            if is_eos and rank >= num_beams:
                continue
            costs = b""
            if token in DIGIT_IDS:
                costs = digit_costs[parent * DIGITS : (parent + 1) * DIGITS]
            node = before.node.then(token, _probability(score - before.score), costs)
            if is_eos:
                self._close(Closed(score / generated, score, node, finished=True))
            else:
                live.append(Beam(node, score, parent))
                if len(live) == num_beams:
                    break
        self.beams = live
        enough = len(self.closed) >= num_beams
        if enough and min(c.score for c in self.closed) >= scores[0] / generated:
            self.done = True
        elif self.prompt_length + generated == self.options.max_length:
            for beam in live:
                self._close(Closed(beam.score / generated, beam.score, beam.node, finished=False))
            self.done = True

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The closed hypotheses of a search that is done, best score first."""
        best_first = sorted(self.closed, key=lambda closed: closed.score, reverse=True)
        return tuple(closed.hypothesis() for closed in best_first)

    def _close(self, hypothesis: Closed) -> None:
        self.closed.append(hypothesis)
        if len(self.closed) > self.options.num_beams:
            self.closed.remove(min(self.closed, key=lambda closed: closed.score))


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
    starts = prompts or [[DECODER_START_ID]] * len(region_keys)
    searches = [
        _begin(options, key, prompt) for key, prompt in zip(region_keys, starts, strict=True)
    ]
    batch_size = batch_size or len(searches)
    followers = [decoding, *([constraint] if constraint else [])]
    live: list[_Search] = []
    admitted = 0
    while True:
        count = min(batch_size - len(live), len(searches) - admitted)
        if count:
            for state in followers:
                state.admit(count)
            live += searches[admitted : admitted + count]
            admitted += count
        if not live:
            return [s.hypotheses() for s in searches]
        parents = _step(decoding, constraint, live, options.num_beams, device)
        for state in followers:
            state.reorder(parents)
        for slot in reversed(range(len(live))):
            if live[slot].done:
                for state in followers:
                    state.release(slot)
                live[slot] = live[-1]
                live.pop()


def _begin(options: DecodingOptions, region_key: str, prompt: Sequence[int]) -> _Search:
    start: Node | None = None
    for token in prompt:
        costs = certain_costs(token - DIGIT_IDS.start) if token in DIGIT_IDS else b""
        start = Node(token, start, 0.0, 0, costs)
    assert start is not None, "a prompt has at least the start token"
    # Only the first beam counts at the first step: all are equal there.
    beams = [Beam(start, NEVER if i else 0.0, i) for i in range(options.num_beams)]
    generator = _generator(options.seed, region_key) if options.do_sample else None
    return _Search(options, len(prompt), beams, generator)


def _step(
    decoding: Decoding,
    constraint: Constraint | None,
    live: list[_Search],
    num_beams: int,
    device: torch.device | str,
) -> list[int]:
    """Write one token in every beam of the live searches and return the rows they continue."""
    last = torch.tensor([b.node.token for s in live for b in s.beams], device=device)
    scores = torch.tensor([[b.score for b in s.beams] for s in live], device=device)  # (B, beams)
    logits = decoding.step(last)  # (R, V)
    log_probabilities = torch.log_softmax(logits, dim=-1)  # (R, V)
    possible = log_probabilities
    if constraint is not None:
        # Behind the softmax, so that scores stay those that the model gives.
        possible = possible.masked_fill(~constraint.step(last), float("-inf"))
    vocabulary = log_probabilities.shape[-1]
    best, index = _candidates(possible.view(len(live), num_beams, vocabulary), scores, live)
    costs, finite = _fetch_costs(log_probabilities, logits)
    if not finite:
        raise NotFiniteError
    per_region = num_beams * DIGITS
    for slot, (s, values, indices) in enumerate(
        zip(live, best.tolist(), index.tolist(), strict=True)
    ):
        s.advance(
            values,
            [i // vocabulary for i in indices],
            [i % vocabulary for i in indices],
            costs[slot * per_region : (slot + 1) * per_region],
        )
    return [
        slot * num_beams + (i if s.done else beam.row)
        for slot, s in enumerate(live)
        for i, beam in enumerate(s.beams)
    ]


def _candidates(
    log_probabilities: torch.Tensor, scores: torch.Tensor, searches: list[_Search]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best (or drawn) 2 * beams continuations per region, best first.

    Args:
        log_probabilities: (B, beams, V).
        scores: summed log-probabilities of the beams, (B, beams).
        searches: the B searches.

    Returns:
        Scores and indices into beams x V, each (B, 2 * beams).
    """
    count = 2 * scores.shape[1]
    if searches[0].generator is None:
        return (log_probabilities + scores[:, :, None]).flatten(1).topk(count, dim=1)
    kept = log_probabilities.topk(SAMPLING_TOP_K, dim=-1)
    filtered = torch.full_like(log_probabilities, float("-inf"))
    filtered.scatter_(-1, kept.indices, kept.values)
    totals = (filtered + scores[:, :, None]).flatten(1).cpu()
    # Doubles, lest a peaked distribution leaves fewer than ``count`` weights above zero.
    weights = totals.double().softmax(dim=1)
    if weights.isnan().any():
        raise NotFiniteError
    drawn = torch.stack(
        [_draw(totals[i], weights[i], count, s.generator) for i, s in enumerate(searches)]
    )
    best, order = totals.gather(1, drawn).sort(dim=1, descending=True, stable=True)
    return best, drawn.gather(1, order)


def _draw(
    totals: torch.Tensor, weights: torch.Tensor, count: int, generator: torch.Generator | None
) -> torch.Tensor:
    """Draw ``count`` indices without replacement; where weights run out, the best others follow.

    Args:
        totals: scores of the candidates, (N,).
        weights: their probabilities, (N,).
        count: how many to draw.
        generator: the region's random stream.
    """
    drawn = torch.multinomial(
        weights, min(count, int(weights.count_nonzero())), generator=generator
    )
    if len(drawn) == count:
        return drawn
    others = totals.index_fill(0, drawn, float("-inf"))
    return torch.cat([drawn, others.topk(count - len(drawn)).indices])


def _fetch_costs(log_probabilities: torch.Tensor, logits: torch.Tensor) -> tuple[bytes, bool]:
    """Costs of the ten digits as bytes, row by row, and whether all logits are finite.

    They leave the device together: each transfer makes it wait.

    Args:
        log_probabilities: (R, V).
        logits: what they were made from, (R, V).
    """
    costs = log_probabilities[:, DIGIT_IDS.start : DIGIT_IDS.stop] / -COST_STEP  # (R, 10)
    as_bytes = costs.round().clamp(max=MAX_COST).to(torch.uint8).flatten()
    finite = logits.isfinite().all().to(torch.uint8)
    fetched = torch.cat([as_bytes, finite[None]]).cpu().numpy().tobytes()
    return fetched[:-1], bool(fetched[-1])


def _generator(seed: int, region_key: str) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}\0{region_key}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _probability(log_probability: float) -> float:
    return math.exp(min(log_probability, 0.0))
