"""Drawing candidates instead of taking the best, from one random stream per region.

Drawing without replacement is a race: a candidate's weight divided by exponential noise is its
pace, and the fastest win. The noise comes from the host's generators, so that a region's draws do
not depend on the device, and none of them has to wait for the weights.
"""

import hashlib
from collections.abc import Sequence

import torch

TOP_K = 50
"""Tokens of each beam that may be drawn."""


def random_stream(seed: int, region_key: str) -> torch.Generator:
    """The random stream of a region."""
    digest = hashlib.sha256(f"{seed}\0{region_key}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def exponential_noise(
    streams: Sequence[torch.Generator], size: int, device: torch.device
) -> torch.Tensor:
    """Noise of one step, (B, size), fp64: a row from each stream.

    Args:
        streams: of B regions.
        size: numbers for each.
        device: where the noise is wanted.
    """
    # Only from pinned memory a copy to a GPU goes on by itself.
    pinned = device.type == "cuda"
    noise = torch.empty(len(streams), size, dtype=torch.double, pin_memory=pinned)
    for row, stream in zip(noise, streams, strict=True):
        row.exponential_(generator=stream)
    return noise.to(device, non_blocking=True)


def draw(
    log_probabilities: torch.Tensor, scores: torch.Tensor, noise: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw continuations of each region without replacement among each beam's best tokens.

    Where fewer than ``count`` have a probability above zero, the best of the others follow.

    Args:
        log_probabilities: (B, g, V).
        scores: summed log-probabilities of the beams, (B, g).
        noise: see ``exponential_noise``, (B, g * V).
        count: how many to draw.

    Returns:
        Scores and indices into beams x V, each (B, count), best first.
    """
    kept = log_probabilities.topk(TOP_K, dim=-1)
    filtered = torch.full_like(log_probabilities, float("-inf"))
    filtered.scatter_(-1, kept.indices, kept.values)
    totals = (filtered + scores[:, :, None]).flatten(1)  # (B, g * V)
    # Doubles, lest a peaked distribution leaves fewer than ``count`` weights above zero.
    weights = totals.double().softmax(dim=1)
    # Below any pace: scores of what has no weight are negative.
    pace = torch.where(weights > 0, weights / noise, totals.double())
    drawn = pace.topk(count, dim=1).indices
    best, order = totals.gather(1, drawn).sort(dim=1, descending=True, stable=True)
    return best, drawn.gather(1, order)
