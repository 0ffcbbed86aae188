"""Attention of the decoder: to the sentence written so far, and to the region's memory.

Shapes: B regions, g rows (beams) per region, R = B * g rows, T new tokens, S memory positions,
H heads, hd channels per head, D = H * hd channels.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from transgenic_dagster.model.layers import Linear


@dataclass(frozen=True)
class KeyValues:
    """Keys and values of one attention, each (rows, H, length, hd)."""

    keys: torch.Tensor
    values: torch.Tensor


class Attention(nn.Module):
    """Multi-head attention; the same projections serve self- and cross-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = Linear(dim, dim)
        self.v_proj = Linear(dim, dim)
        self.q_proj = Linear(dim, dim)
        self.out_proj = Linear(dim, dim)

    def project(self, x: torch.Tensor) -> KeyValues:
        """Keys and values of x (rows, length, D)."""
        return KeyValues(self._split(self.k_proj(x)), self._split(self.v_proj(x)))

    def attend_to_self(
        self, h: torch.Tensor, written: KeyValues, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Attend from h (R, T, D) to what is written, h's own tokens last.

        Args:
            h: hidden states.
            written: (R, H, length, hd).
            mask: which positions a row may see, (R, 1, 1, length), where T = 1; None shows each
                token what stands before it.
        """
        out = F.scaled_dot_product_attention(
            self._split(self.q_proj(h)),
            written.keys,
            written.values,
            attn_mask=mask,
            is_causal=h.shape[1] > 1,
        )
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def attend_to_memory(self, h: torch.Tensor, memory: KeyValues) -> torch.Tensor:
        """Attend from h (R, T, D) to one region's memory (B, H, S, hd) per g rows.

        The rows of a region stand side by side as queries, so the memory is never copied.
        """
        rows, tokens, dim = h.shape
        regions = memory.keys.shape[0]
        queries = self._split(self.q_proj(h).reshape(regions, -1, dim))
        out = _attend(queries, memory)
        out = out.transpose(1, 2).reshape(rows, tokens, dim)
        return self.out_proj(out)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


def _attend(queries: torch.Tensor, memory: KeyValues) -> torch.Tensor:
    if queries.device.type != "cpu":
        return F.scaled_dot_product_attention(queries, memory.keys, memory.values)
    # For a handful of queries two plain products read keys and values faster than the CPU's
    # fused kernel, most of all with keys that lie transposed in memory (see ``MemoryBank``).
    scores = (queries * queries.shape[-1] ** -0.5) @ memory.keys.mT
    return scores.softmax(dim=-1) @ memory.values
