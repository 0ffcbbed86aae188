"""Hypotheses of a search: live ones, which share their histories, and closed ones."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Hypothesis:
    """A sentence that the search closed.

    Args:
        token_ids: from the start token on, the EOS included where there is one.
        score: summed log-probability divided by the number of generated tokens.
        confidence: mean probability of the generated tokens.
        finished: False where ``max_length`` cut the sentence off.
        log_probability: sum over the generated tokens.
        digit_costs: for each digit, in the order of writing, what the model gave to all ten (see
            ``gsf.digit_costs``).
    """

    token_ids: tuple[int, ...]
    score: float
    confidence: float
    finished: bool
    log_probability: float
    digit_costs: bytes


class Node(NamedTuple):
    """One written token; beams share their history.

    Args:
        token: its id.
        parent: the node of the token before it.
        probability_sum: over the tokens up to this one.
        length: of them.
        digit_costs: of the ten digits where the token is one of them, else empty.
    """

    token: int
    parent: "Node | None"
    probability_sum: float
    length: int
    digit_costs: bytes

    def then(self, token: int, probability: float, digit_costs: bytes) -> "Node":
        """The history with one more token."""
        return Node(token, self, self.probability_sum + probability, self.length + 1, digit_costs)

    def history(self) -> list["Node"]:
        """All nodes, the start token's first."""
        nodes = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


class Beam(NamedTuple):
    """A live hypothesis: its history, its summed log-probability and the row it continues."""

    node: Node
    score: float
    row: int


class Closed(NamedTuple):
    """A hypothesis that is closed, with its length-normalised score."""

    score: float
    log_probability: float
    node: Node
    finished: bool

    def hypothesis(self) -> Hypothesis:
        """The sentence."""
        nodes = self.node.history()
        return Hypothesis(
            token_ids=tuple(node.token for node in nodes),
            score=self.score,
            confidence=self.node.probability_sum / self.node.length,
            finished=self.finished,
            log_probability=self.log_probability,
            digit_costs=b"".join(node.digit_costs for node in nodes),
        )
