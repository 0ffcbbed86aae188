"""Linear layers whose weights are laid out once for the CPU's matrix kernels.

The only module that calls private operators of PyTorch; a test says if a release lacks them.

Decoding multiplies a few rows by large matrices; with weights packed by oneDNN that runs at the
speed of memory, two to three times as fast as with plain ones.
"""

import torch
from torch import nn

from transgenic_dagster.model.layers import Linear

TRIED_WITH = "2.13"
"""The release of PyTorch that the operators below were tried with."""


def _reorder_weight(weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight)


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class PackedLinear(nn.Module):
    """A linear layer for inference in fp32 on a CPU; it takes the place of the plain one.

    Args:
        linear: the layer; its weight is copied into oneDNN's own layout.
    """

    bias: torch.Tensor

    def __init__(self, linear: Linear) -> None:
        super().__init__()
        self.register_buffer("bias", linear.bias.detach())
        self._weight = _reorder_weight(linear.weight.detach())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., in) to (..., out)."""
        return _linear(x, self._weight, self.bias)


def pack_linears(module: nn.Module) -> None:
    """Replace every plain linear layer inside a module, where this PyTorch has oneDNN."""
    if not torch.backends.mkldnn.is_available():
        return
    for name, child in module.named_children():
        if type(child) is Linear:
            setattr(module, name, PackedLinear(child))
        else:
            pack_linears(child)
