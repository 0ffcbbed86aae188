"""The layers that all parts share, and how they treat precision.

The residual stream and everything that is summed or normalised stays fp32; matrix products run in
the dtype of their weights. In fp32 both rules change nothing.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Linear(nn.Linear):
    """A linear layer that computes in the dtype of its weight, whatever comes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., in) to (..., out)."""
        return F.linear(x.to(self.weight.dtype), self.weight, self.bias)


class ChannelsFirstLinear(Linear):
    """The same layer with its output laid out for what runs along the sequence."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, L, in) to (B, out, L)."""
        product = torch.matmul(self.weight, x.to(self.weight.dtype).transpose(1, 2))
        return product + self.bias[:, None]


class LayerNorm(nn.LayerNorm):
    """Layer normalisation over the last dimension, always in fp32."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (..., C); the result is fp32."""
        return F.layer_norm(
            x.float(), self.normalized_shape, self.weight.float(), self.bias.float(), self.eps
        )
