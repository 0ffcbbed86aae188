"""Compression of the encoder's output, six nucleotides to one state.

See ``docs/design.md``. The published code runs this at every decoding step; it needs
running once per region.
"""

import torch
from torch import nn
from torch.nn import functional as F

from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.layers import LayerNorm

KERNEL1, STRIDE1, PADDING1 = 6, 3, 2
KERNEL2, STRIDE2 = 2, 2


class Downsample(nn.Module):
    """Two strided convolutions with a bias per tap, each normalised over channels."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        channels = config.d_model
        middle, out = channels * 3 // 2, channels * 2
        self.rel_bias1 = nn.Parameter(torch.zeros(middle, 1, KERNEL1))
        self.rel_bias2 = nn.Parameter(torch.zeros(out, 1, KERNEL2))
        self.conv1 = nn.Conv1d(
            channels, middle, KERNEL1, stride=STRIDE1, padding=PADDING1, bias=False
        )
        self.norm1 = LayerNorm(middle, eps=config.layer_norm_eps)
        self.conv2 = nn.Conv1d(middle, out, KERNEL2, stride=STRIDE2, bias=False)
        self.norm2 = LayerNorm(out, eps=config.layer_norm_eps)

    def forward(self, e: torch.Tensor) -> torch.Tensor:
        """Map (B, L, C) to the encoder states (B, S, 2C), fp32; L = 6144 gives S = 1024."""
        dtype = self.conv1.weight.dtype
        # A tap that falls on the padding adds no bias: the same convolution over ones says so.
        ones = torch.ones(1, 1, e.shape[1], device=e.device, dtype=self.rel_bias1.dtype)
        bias1 = F.conv1d(ones, self.rel_bias1, stride=STRIDE1, padding=PADDING1)
        x = self.conv1(e.to(dtype).transpose(1, 2)).float() + bias1.float()  # (B, 1.5C, L / 3)
        x = F.relu(self.norm1(x.transpose(1, 2)))
        x = self.conv2(x.to(dtype).transpose(1, 2)).float()  # (B, 2C, S)
        x = x + self.rel_bias2.float().sum(dim=-1)
        return F.relu(self.norm2(x.transpose(1, 2)))


def encoder_states_length(window_length: int) -> int:
    """Encoder states S of a window of ``window_length`` nucleotides (5000 gives 833)."""
    first = (window_length + 2 * PADDING1 - KERNEL1) // STRIDE1 + 1
    return (first - KERNEL2) // STRIDE2 + 1
