"""The layers that all parts share, and how they treat precision.

The residual stream and everything that is summed or normalised stays fp32; its weights, too; matrix
products run in the dtype of theirs. In fp32 both rules change nothing.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Linear(nn.Linear):
    """A linear layer that computes in the dtype of its weight, whatever comes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., in) to (..., out)."""
        return F.linear(x.to(self.weight.dtype), self.weight, self.bias)


class GeluLinear(Linear):
    """A linear layer followed by GELU.

    Args:
        in_features: channels in.
        out_features: channels out.
        approximate: ``none`` or ``tanh``, as in ``F.gelu``.
    """

    def __init__(self, in_features: int, out_features: int, approximate: str = "none") -> None:
        super().__init__(in_features, out_features)
        self.approximate = approximate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., in) to (..., out)."""
        return F.gelu(super().forward(x), approximate=self.approximate)


class ToChannelsFirstLinear(Linear):
    """A linear layer with its output laid out for what runs along the sequence."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, L, in) to (B, out, L)."""
        return torch.baddbmm(self.bias[:, None], *self._factors(x))

    def product(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, L, in) to (B, out, L), without the bias."""
        return torch.bmm(*self._factors(x))

    def _factors(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        columns = x.to(self.weight.dtype).mT  # (B, in, L)
        return self.weight.expand(len(x), -1, -1), columns  # (B, out, in), (B, in, L)


class FromChannelsFirstLinear(Linear):
    """A linear layer that takes what runs along the sequence, without a transposed copy."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, in, L) to (B, L, out)."""
        return torch.baddbmm(self.bias, *self._factors(x))

    def product(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, in, L) to (B, L, out), without the bias."""
        return torch.bmm(*self._factors(x))

    def _factors(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        rows = x.to(self.weight.dtype).mT  # (B, L, in)
        return rows, self.weight.T.expand(len(x), -1, -1)  # (B, L, in), (B, in, out)


class LayerNorm(nn.LayerNorm):
    """Layer normalisation over the last dimension, always in fp32."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise (..., C); the result is fp32."""
        return F.layer_norm(x.float(), self.normalized_shape, self.weight, self.bias, self.eps)
