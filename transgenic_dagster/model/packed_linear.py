"""Linear layers whose weights are laid out once for the CPU's matrix kernels.

The only module that calls private operators of PyTorch; a test says if a release lacks them.

Decoding multiplies a few rows by large matrices; with weights packed by oneDNN that runs at the
speed of memory, two to three times as fast as with plain ones.
"""

import torch
from torch import nn

from transgenic_dagster.model.layers import GeluLinear, Linear

TRIED_WITH = "2.13"
"""The release of PyTorch that the operators below were tried with."""


def _reorder_weight(weight: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight)


def _linear(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, activation: str, variant: str
) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, activation, [], variant)


class PackedLinear(nn.Module):
    """A linear layer for inference on a CPU; it takes the place of the plain one.

    It computes in the dtype of its weight, as the plain one does.

    Args:
        linear: the layer, with GELU behind it or not; its weight is copied into oneDNN's own
            layout.
    """

    bias: torch.Tensor

    def __init__(self, linear: Linear) -> None:
        super().__init__()
        self.register_buffer("bias", linear.bias.detach())
        self._weight = _reorder_weight(linear.weight.detach())
        self._activation = ("none", "")
        if isinstance(linear, GeluLinear):
            self._activation = ("gelu", linear.approximate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., in) to (..., out)."""
        return _linear(x.to(self.bias.dtype), self._weight, self.bias, *self._activation)


def can_pack(dtype: torch.dtype) -> bool:
    """Say whether this PyTorch has oneDNN, and oneDNN kernels for a dtype on this CPU."""
    if not torch.backends.mkldnn.is_available():
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32


def pack_linears(module: nn.Module) -> None:
    """Replace the linear layers inside a module whose dtype can be packed.

    Those whose input or output has its channels first stay as they are.
    """
    for name, child in module.named_children():
        if isinstance(child, Linear):
            if type(child) in (Linear, GeluLinear) and can_pack(child.weight.dtype):
                setattr(module, name, PackedLinear(child))
        else:
            pack_linears(child)
