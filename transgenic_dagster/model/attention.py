"""Attention of the decoder: to the tokens written so far, and to the encoder states.

Shapes: B regions, g rows (beams) per region, R = B * g rows, T new tokens, S encoder states
per region, H heads, hd channels per head, D = H * hd channels.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from transgenic_dagster.model import cpu_operations
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
        return KeyValues(
            self._split(self.k_proj(x)), self._split(self.v_proj(x))
        )  # (rows, H, length, hd)

    def attend_to_self(
        self, h: torch.Tensor, written: KeyValues, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Attend from h (R, T, D) to what is written, h's own tokens last.

        Args:
            h: hidden states.
            written: (R, H, length, hd); or (B, H, length, hd), where the rows of a region share
                it and T = 1.
            mask: which positions a row may see, (R, 1, 1, length) or (B, 1, g, length), where
                T = 1; None shows each token what stands before it.
        """
        queries = self._split(self.q_proj(h).reshape(len(written.keys), -1, h.shape[2]))
        if h.shape[1] == 1:
            out = _attend(queries, written, mask)  # (R, H, 1, hd) or (B, H, g, hd)
        else:
            out = F.scaled_dot_product_attention(
                queries, written.keys, written.values, attn_mask=mask, is_causal=True
            )  # (R, H, T, hd)
        return self.out_proj(out.transpose(1, 2).reshape(h.shape))  # (R, T, D)

    def attend_to_encoder(self, h: torch.Tensor, cross: KeyValues) -> torch.Tensor:
        """Attend from h (R, T, D) to one region's encoder states (B, H, S, hd) per g rows.

        The rows of a region stand side by side as queries, so keys and values are never copied.
        """
        rows, tokens, dim = h.shape
        regions = cross.keys.shape[0]
        queries = self._split(self.q_proj(h).reshape(regions, -1, dim))  # (B, H, g * T, hd)
        out = _attend(queries, cross, None)
        out = out.transpose(1, 2).reshape(rows, tokens, dim)  # (R, T, D)
        return self.out_proj(out)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (rows, H, length, hd)


def _attend(queries: torch.Tensor, seen: KeyValues, mask: torch.Tensor | None) -> torch.Tensor:
    """Attend from queries (rows, H, n, hd) by what is fastest where they are."""
    if cpu_operations.attend_serves(queries, seen.keys, seen.values):
        return cpu_operations.attend(queries, seen.keys, seen.values, mask)
    if queries.device.type != "cpu":
        return F.scaled_dot_product_attention(queries, seen.keys, seen.values, attn_mask=mask)
    # On a CPU two products are two to five times as fast as the fused operator.
    scores = queries * queries.shape[-1] ** -0.5 @ seen.keys.mT  # (rows, H, n, length)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1) @ seen.values
