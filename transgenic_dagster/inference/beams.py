"""The live beams of a search as tensors on the model's device.

No step waits for the host. What each step chose is recorded, and a hypothesis is followed back
through the record when its region is done (see ``hypotheses``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import torch

from transgenic_dagster.gsf.digit_costs import COST_STEP, DIGITS, MAX_COST
from transgenic_dagster.gsf.vocabulary import DIGIT_IDS, EOS_ID
from transgenic_dagster.inference.hypotheses import Record, first_score
from transgenic_dagster.inference.sampling import draw


class NotFiniteError(ArithmeticError):
    """The model gave logits that are NaN or infinite."""


@dataclass(frozen=True)
class _Tables:
    """State of S slots with g beams each, and their records of up to T steps.

    Args:
        tokens: last token of each beam, (S, g).
        scores: its summed log-probability, (S, g).
        rows: that it continued in the last step, (S, g).
        steps: that were taken, (S,).
        all_tokens, all_beams, all_scores, digit_costs: see ``Record``, (S, T, g[, 10]).
        closed_scores, closed_places: see ``Record``, (S, g).
        done: no live beam can become better than the closed hypotheses, (S,).
    """

    tokens: torch.Tensor
    scores: torch.Tensor
    rows: torch.Tensor
    steps: torch.Tensor
    all_tokens: torch.Tensor
    all_beams: torch.Tensor
    all_scores: torch.Tensor
    digit_costs: torch.Tensor
    closed_scores: torch.Tensor
    closed_places: torch.Tensor
    done: torch.Tensor

    @classmethod
    def empty(cls, slots: int, beams: int, steps: int, device: torch.device | str) -> Self:
        def table(dtype: torch.dtype, *shape: int) -> torch.Tensor:
            return torch.zeros(slots, *shape, dtype=dtype, device=device)

        return cls(
            tokens=table(torch.long, beams),
            scores=table(torch.float, beams),
            rows=table(torch.long, beams),
            steps=table(torch.long),
            all_tokens=table(torch.long, steps, beams),
            all_beams=table(torch.long, steps, beams),
            all_scores=table(torch.float, steps, beams),
            digit_costs=table(torch.uint8, steps, beams, DIGITS),
            closed_scores=table(torch.double, beams),
            closed_places=table(torch.long, beams),
            done=table(torch.bool),
        )

    def first(self, slots: int) -> Self:
        """The same tables, of the first slots alone."""
        return type(self)(*(getattr(self, f.name)[:slots] for f in fields(self)))


class Beams:
    """The beams of the regions that are being searched; live regions stand in slots 0, 1, ….

    Args:
        slots: most regions at a time.
        num_beams: g, of each region.
        steps: most tokens that a region may generate.
        device: where the logits are.
    """

    def __init__(self, slots: int, num_beams: int, steps: int, device: torch.device | str) -> None:
        self._tables = _Tables.empty(slots, num_beams, steps, device)
        self._live = self._tables.first(0)
        self._num_beams = num_beams
        self._slots = torch.arange(slots, device=device)
        self._sum = torch.zeros((), device=device)
        """Of all logits; it is finite only if each of them is."""

    @property
    def tokens(self) -> torch.Tensor:
        """Last token of each live row, (R,)."""
        return self._live.tokens.flatten()

    @property
    def parents(self) -> torch.Tensor:
        """The row that each live row continued in the last step, (R,)."""
        return self._live.rows.flatten()

    def admit(self, last_tokens: Sequence[int]) -> None:
        """Let regions start behind the live ones, each after the last token of its prompt."""
        live, device = len(self._live.tokens), self._slots.device
        self._live = self._tables.first(live + len(last_tokens))
        new = slice(live, live + len(last_tokens))
        first = torch.tensor(last_tokens, device=device)
        self._live.tokens[new] = first[:, None]
        self._live.scores[new] = torch.tensor(
            [first_score(beam) for beam in range(self._num_beams)], device=device
        )
        self._live.steps[new] = 0
        self._live.closed_scores[new] = float("-inf")
        self._live.done[new] = False

    def advance(
        self,
        logits: torch.Tensor,
        allowed: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
    ) -> None:
        """Write one token in every live beam.

        Args:
            logits: of the live rows, (R, V), fp32.
            allowed: tokens that may follow, (R, V), bool; all by default.
            noise: draws candidates, see ``draw``, (B, g * V); the best are taken by default.
        """
        live, beams = self._live, self._num_beams
        vocabulary = logits.shape[1]
        self._sum += logits.sum()
        log_probabilities = torch.log_softmax(logits, dim=-1)  # (R, V)
        possible = log_probabilities
        if allowed is not None:
            # Behind the softmax, so that scores stay those that the model gives.
            possible = possible.masked_fill(~allowed, float("-inf"))
        possible = possible.view(-1, beams, vocabulary)
        if noise is None:
            totals = (possible + live.scores[:, :, None]).flatten(1)  # (B, g * V)
            best, index = totals.topk(2 * beams, dim=1)  # (B, 2 * g)
        else:
            best, index = draw(possible, live.scores, noise, 2 * beams)
        token, beam = index % vocabulary, index // vocabulary
        is_eos = token == EOS_ID
        normalised = best.double() / (live.steps + 1)[:, None]  # (B, 2 * g)
        self._close(is_eos, normalised, beam)
        live.done.logical_or_(live.closed_scores[:, -1] >= normalised[:, 0])

        going_on = is_eos.byte().sort(dim=1, stable=True).indices[:, :beams]  # (B, g)
        tokens, parents = token.gather(1, going_on), beam.gather(1, going_on)
        scores = best.gather(1, going_on)
        costs = log_probabilities[:, DIGIT_IDS.start : DIGIT_IDS.stop] / -COST_STEP  # (R, 10)
        costs = costs.round().clamp(max=MAX_COST).to(torch.uint8)
        slots = self._slots[: len(tokens)]
        now = slots, live.steps
        live.all_tokens[now] = tokens
        live.all_beams[now] = parents
        live.all_scores[now] = scores
        live.digit_costs[now] = costs.view(-1, beams, DIGITS)
        live.steps.add_(1)
        live.tokens.copy_(tokens)
        live.scores.copy_(scores)
        torch.add(parents, slots[:, None], alpha=beams, out=live.rows)

    def _close(self, is_eos: torch.Tensor, scores: torch.Tensor, beam: torch.Tensor) -> None:
        """Close the hypotheses that end among the first g candidates; keep the best g.

        Args:
            is_eos: whether candidates end, (B, 2 * g).
            scores: theirs, length-normalised, (B, 2 * g).
            beam: that they continue, (B, 2 * g).
        """
        live, beams = self._live, self._num_beams
        closes = is_eos[:, :beams] & ~live.done[:, None]  # (B, g)
        new = torch.where(closes, scores[:, :beams], float("-inf"))
        places = beam[:, :beams] + (live.steps * beams)[:, None]
        # Of equals the latest stay, and a stable sort keeps what stands first.
        kept = torch.cat([new.flip(1), live.closed_scores], dim=1)  # (B, 2 * g)
        kept, order = (x[:, :beams] for x in kept.sort(dim=1, descending=True, stable=True))
        places = torch.cat([places.flip(1), live.closed_places], dim=1)
        live.closed_scores.copy_(kept)
        torch.gather(places, 1, order, out=live.closed_places)

    def done(self) -> list[bool]:
        """Say of each live region whether its search is done; waits for the device.

        Raises:
            NotFiniteError: a step gave logits that are NaN or infinite.
        """
        *done, finite = torch.cat([self._live.done, self._sum.isfinite()[None]]).tolist()
        if not finite:
            raise NotFiniteError
        return done

    def records(self, slots: Sequence[int], steps: Sequence[int]) -> list[Record]:
        """Fetch what was recorded of the regions in some slots, which took so many steps."""
        live, longest = self._live, max(steps)
        rows = torch.tensor(slots, device=self._slots.device)
        tokens, beams, scores, costs = (
            table[rows, :longest].cpu().numpy()
            for table in (live.all_tokens, live.all_beams, live.all_scores, live.digit_costs)
        )
        closed, places = (
            table[rows].cpu().numpy() for table in (live.closed_scores, live.closed_places)
        )
        return [
            Record(tokens[i, :n], beams[i, :n], scores[i, :n], costs[i, :n], closed[i], places[i])
            for i, n in enumerate(steps)
        ]

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        last = len(self._live.tokens) - 1
        if slot != last:
            for f in fields(self._live):
                table = getattr(self._live, f.name)
                table[slot] = table[last]
        self._live = self._tables.first(last)
