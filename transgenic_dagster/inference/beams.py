"""The live beams of a search, in slots on the model's device."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from transgenic_dagster.inference.beam_step import BeamTables, StepInputs, write_tokens
from transgenic_dagster.inference.hypotheses import Record
from transgenic_dagster.model.step_graphs import can_capture, capture_if_possible

NEVER = -1e9
"""Score of all beams but the first before the first step: all are equal there."""


class NotFiniteError(ArithmeticError):
    """The model gave logits that are NaN or infinite."""


@dataclass(frozen=True)
class _Graph:
    """A captured step of all slots; what it reads stays where it is."""

    inputs: StepInputs
    replay: Callable[[], object]

    def step(self, inputs: StepInputs) -> None:
        """Do the step with inputs of the first slots; what the others do nobody reads."""
        for held, given in zip(self.inputs, inputs, strict=True):
            if held is not None and given is not None:
                held[: len(given)] = given
        self.replay()


class Beams:
    """The beams of the regions that are being searched; live regions stand in slots 0, 1, ….

    Args:
        slots: most regions at a time.
        num_beams: g, of each region.
        steps: most tokens that a region may generate.
        device: where the logits are.
    """

    def __init__(self, slots: int, num_beams: int, steps: int, device: torch.device | str) -> None:
        self._device = torch.device(device)
        self._tables = BeamTables.empty(slots, num_beams, steps, self._device)
        self._live = self._tables.first(0)
        self._first_scores = torch.tensor([0.0] + [NEVER] * (num_beams - 1), device=self._device)
        self._graph: _Graph | None = None

    @property
    def tokens(self) -> torch.Tensor:
        """Last token of each live row, (R,)."""
        return self._live.tokens.view(-1)

    @property
    def parents(self) -> torch.Tensor:
        """The row that each live row continued in the last step, (R,)."""
        return self._live.rows.view(-1)

    def admit(self, last_tokens: Sequence[int]) -> None:
        """Let regions start behind the live ones, each after the last token of its prompt."""
        live = len(self._live.tokens)
        self._live = self._tables.first(live + len(last_tokens))
        new = slice(live, live + len(last_tokens))
        self._live.tokens[new] = torch.tensor(last_tokens, device=self._device)[:, None]
        self._live.scores[new] = self._first_scores
        self._live.all_scores[new, 0] = self._first_scores
        self._live.steps[new] = 0
        self._live.closed_scores[new] = -math.inf
        self._live.done[new] = False
        self._live.logit_sums[new] = 0

    def advance(self, inputs: StepInputs) -> None:
        """Write one token in every live beam."""
        if self._graph is None and can_capture(self._device):
            self._capture(inputs)
        if self._graph is None:
            write_tokens(self._live, inputs)
        else:
            self._graph.step(inputs)

    def _capture(self, inputs: StepInputs) -> None:
        """Capture steps of this kind, before the first one."""
        begun = self._live.tokens[:, 0].tolist()
        slots, live = len(self._tables.tokens), len(begun)

        def room(given: torch.Tensor) -> torch.Tensor:
            return given.new_ones(slots * len(given) // live, given.shape[1])

        held = StepInputs(
            room(inputs.logits),
            None if inputs.allowed is None else room(inputs.allowed),
            None if inputs.noise is None else room(inputs.noise),
        )

        def step() -> torch.Tensor:
            write_tokens(self._tables, held)
            return self._tables.done

        _, replay = capture_if_possible(step)
        self._graph = _Graph(held, replay)
        # Capturing took steps, so the regions begin again.
        self._live = self._tables.first(0)
        self.admit(begun)

    def done(self) -> list[bool]:
        """Say of each live region whether its search is done; waits for the device.

        Raises:
            NotFiniteError: a step gave logits that are NaN or infinite.
        """
        seen = torch.cat([self._live.done, self._live.logit_sums], dim=1).tolist()
        if not all(math.isfinite(total) for _, total in seen):
            raise NotFiniteError
        return [bool(done) for done, _ in seen]

    def records(self, slots: Sequence[int], steps: Sequence[int]) -> list[Record]:
        """Fetch what was recorded of the regions in some slots, which took so many steps."""
        if not slots:
            return []
        live, longest = self._live, max(steps)
        rows = torch.tensor(slots, device=self._device)
        tokens, beams, scores, digits = (
            table[rows, : longest + 1].cpu().numpy()
            for table in (live.all_tokens, live.all_beams, live.all_scores, live.all_digits)
        )
        closed, places = (
            table[rows].cpu().numpy() for table in (live.closed_scores, live.closed_places)
        )
        return [
            Record(
                tokens[i, : n + 1],
                beams[i, : n + 1],
                scores[i, : n + 1],
                digits[i, : n + 1],
                closed[i],
                places[i],
            )
            for i, n in enumerate(steps)
        ]

    def release(self, slot: int) -> None:
        """Drop the region in a slot; the last region takes its place."""
        last = len(self._live.tokens) - 1
        if slot != last:
            self._live.move(last, slot)
        self._live = self._tables.first(last)
