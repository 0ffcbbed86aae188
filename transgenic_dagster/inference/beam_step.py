"""One step of the search for all its regions at once, as operations on tensors.

All state is written in place and nothing is read back: no step waits for the host, and a GPU can
replay it as a graph. Shapes: S regions, g beams each, R = S * g rows, V tokens, T steps at most.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import torch

from transgenic_dagster.gsf.digit_costs import DIGITS
from transgenic_dagster.gsf.vocabulary import DIGIT_IDS, EOS_ID
from transgenic_dagster.inference.sampling import draw


@dataclass(frozen=True)
class BeamTables:
    """State of S regions, and the record of what was written in them.

    Args:
        tokens: last token of each beam, (S, g).
        scores: its summed log-probability, (S, g), fp32.
        rows: row that it continued in the last step, (S, g).
        steps: that were taken, (S, 1).
        closed_scores, closed_places: closed hypotheses, see ``Record``, (S, g).
        done: no live beam can become better than the closed hypotheses, (S, 1).
        logit_sums: of all steps; finite only if all logits were, (S, 1).
        all_tokens, all_beams, all_scores: see ``Record``, (S, T + 1, g).
        all_digits: see ``Record``, (S, T + 1, g, 10).
    """

    tokens: torch.Tensor
    scores: torch.Tensor
    rows: torch.Tensor
    steps: torch.Tensor
    closed_scores: torch.Tensor
    closed_places: torch.Tensor
    done: torch.Tensor
    logit_sums: torch.Tensor
    all_tokens: torch.Tensor
    all_beams: torch.Tensor
    all_scores: torch.Tensor
    all_digits: torch.Tensor

    @classmethod
    def empty(cls, slots: int, beams: int, steps: int, device: torch.device | str) -> Self:
        """Tables in which nothing has begun."""

        def table(dtype: torch.dtype, *shape: int) -> torch.Tensor:
            return torch.zeros(slots, *shape, dtype=dtype, device=device)

        return cls(
            tokens=table(torch.long, beams),
            scores=table(torch.float, beams),
            rows=table(torch.long, beams),
            steps=table(torch.long, 1),
            closed_scores=table(torch.double, beams),
            closed_places=table(torch.long, beams),
            done=table(torch.bool, 1),
            logit_sums=table(torch.float, 1),
            all_tokens=table(torch.long, steps + 1, beams),
            all_beams=table(torch.long, steps + 1, beams),
            all_scores=table(torch.float, steps + 1, beams),
            all_digits=table(torch.float, steps + 1, beams, DIGITS),
        )

    def first(self, regions: int) -> Self:
        """The same tables, of the first regions alone."""
        return type(self)(*(getattr(self, f.name)[:regions] for f in fields(self)))

    def move(self, from_: int, to: int) -> None:
        """Let the tables of one region be those of another."""
        for f in fields(self):
            table = getattr(self, f.name)
            table[to] = table[from_]


class StepInputs(NamedTuple):
    """What a step is told about S regions.

    Args:
        logits: of their rows, (R, V), fp32.
        allowed: tokens that may follow, (R, V), bool; all by default.
        noise: draws candidates, see ``draw``, (S, g * V); the best are taken by default.
    """

    logits: torch.Tensor
    allowed: torch.Tensor | None = None
    noise: torch.Tensor | None = None


def write_tokens(tables: BeamTables, inputs: StepInputs) -> None:
    """Write one token in every beam."""
    logits, allowed, noise = inputs
    regions, beams = tables.tokens.shape
    vocabulary = logits.shape[1]
    tables.logit_sums.add_(logits.view(regions, -1).sum(dim=1, keepdim=True))
    log_probabilities = torch.log_softmax(logits, dim=-1)  # (R, V)
    possible = log_probabilities
    if allowed is not None:
        # Behind the softmax, so that scores stay those that the model gives.
        possible = possible.masked_fill(~allowed, float("-inf"))
    possible = possible.view(regions, beams, vocabulary)
    if noise is None:
        totals = (possible + tables.scores[:, :, None]).flatten(1)  # (S, g * V)
        best, index = totals.topk(2 * beams, dim=1)  # (S, 2 * g)
    else:
        best, index = draw(possible, tables.scores, noise, 2 * beams)
    # Where no region is, steps may be taken without end.
    tables.steps.add_(1).clamp_(max=tables.all_tokens.shape[1] - 1)
    tokens, parents = index % vocabulary, index // vocabulary  # (S, 2 * g)
    is_eos = tokens == EOS_ID
    normalised = best.double() / tables.steps
    _close(tables, is_eos[:, :beams], normalised[:, :beams], parents[:, :beams])
    tables.done.logical_or_(tables.closed_scores[:, :1] >= normalised[:, :1])

    going_on = is_eos.byte().sort(dim=1, stable=True).indices[:, :beams]  # (S, g)
    torch.gather(tokens, 1, going_on, out=tables.tokens)
    torch.gather(best, 1, going_on, out=tables.scores)
    parents = parents.gather(1, going_on)
    slots = torch.arange(regions, device=logits.device)
    torch.add(parents, slots[:, None], alpha=beams, out=tables.rows)
    now = slots, tables.steps[:, 0]
    tables.all_tokens[now] = tables.tokens
    tables.all_beams[now] = parents
    tables.all_scores[now] = tables.scores
    digits = log_probabilities[:, DIGIT_IDS.start : DIGIT_IDS.stop]
    tables.all_digits[now] = digits.view(regions, beams, DIGITS)


def _close(
    tables: BeamTables, ends: torch.Tensor, scores: torch.Tensor, parents: torch.Tensor
) -> None:
    """Close the hypotheses that end among the first g candidates; keep the best g.

    Args:
        tables: of S regions.
        ends: whether candidates end, (S, g).
        scores: theirs, length-normalised, (S, g).
        parents: beams that they continue, (S, g).
    """
    beams = ends.shape[1]
    new = scores.masked_fill(tables.done >= ends, float("-inf"))  # none where the search is done
    places = torch.add(parents, tables.steps, alpha=beams)
    # A stable sort keeps equals as they came, and the first of them go.
    kept, order = torch.cat([tables.closed_scores, new], dim=1).sort(dim=1, stable=True)
    tables.closed_scores.copy_(kept[:, beams:])
    places = torch.cat([tables.closed_places, places], dim=1)
    torch.gather(places, 1, order[:, beams:], out=tables.closed_places)
