"""Attention, Hyena's gated convolution and normalisation on a CPU, in few passes over memory.

They give what the operators of PyTorch give, up to the order of sums; in bf16 they round less. The
loops are in ``cpu_kernels``.
"""

from types import ModuleType
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

MIN_CHANNELS = 512
"""In fp32; compiling takes a process some seconds, more than kernels save with a narrow model."""
MOST_QUERIES = 32
"""Queries of one attention from which on matrix products are faster."""
CHANNELS_AT_ONCE = 96
"""Channels whose convolution fits a processor's cache."""


def has_kernels(channels: int, dtype: torch.dtype) -> bool:
    """Say whether a part of a model with so many channels is computed with kernels on a CPU.

    In bf16 always, for PyTorch's operators are slow there, and round more.
    """
    return dtype == torch.bfloat16 or (dtype == torch.float32 and channels >= MIN_CHANNELS)


def kernels_serve(dtype: torch.dtype, device: torch.device, channels: int) -> bool:
    """Say whether such a part of a model, with such weights, is computed with kernels now.

    They are not differentiated, and not compiled into anything else.
    """
    return (
        device.type == "cpu"
        and has_kernels(channels, dtype)
        and not torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
    )


def attend_serves(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> bool:
    """Say whether ``attend`` takes these arguments, and is the fastest way."""
    _, heads, count, channels = queries.shape
    laid_out = all(
        kept.stride() == (heads * kept.stride(1), kept.stride(1), channels, 1)
        for kept in (keys, values)
    )
    return (
        laid_out
        and count <= MOST_QUERIES
        and kernels_serve(queries.dtype, queries.device, heads * channels)
    )


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    """Attend from a handful of queries, reading keys and values once.

    Args:
        queries: (rows, H, g, hd).
        keys: (rows, H, n, hd), laid out as in a cache: the keys of a head are contiguous, and
            heads are equally far from each other.
        values: as keys.
        mask: which positions a query may see, (rows, 1, g or 1, n).

    Returns:
        (rows, H, g, hd), fp32.
    """
    kernels = _kernels()
    scaled = queries.float() * queries.shape[-1] ** -0.5
    scores = torch.empty(*queries.shape[:3], keys.shape[2])
    kernels.multiply_keys(_by_head(scaled), *_flat(keys), _by_head(scores))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    out = torch.empty(queries.shape)
    kernels.add_values(_by_head(scores.softmax(dim=-1)), *_flat(values), _by_head(out))
    return out


def convolve_gated(
    u: torch.Tensor,
    shift: torch.Tensor,
    short_filter: nn.Conv1d,
    spectrum: torch.Tensor,
    scale: torch.Tensor,
) -> torch.Tensor:
    """Filter x0, x1 and v, and give x0 times the long convolution of x1 times v.

    Args:
        u: x0, x1 and v of each window, (B, 3C, L), contiguous.
        shift: what is added to u before it is filtered, (3C,).
        short_filter: causal, of three taps, by channel.
        spectrum: of the long filter, zero-padded to 2L, (C, L + 1).
        scale: by channel, (C,): the part of x1 times v that is added to its convolution.

    Returns:
        (B, C, L), in the dtype of u.
    """
    kernels = _kernels()
    filters = (
        shift.float().numpy(),
        short_filter.weight.float()[:, 0].contiguous().numpy(),  # (3C, 3)
        cast(torch.Tensor, short_filter.bias).float().numpy(),
    )
    windows, channels, length = u.shape[0], len(scale), u.shape[2]
    out = u.new_empty(windows, channels, length)
    padded = torch.zeros(min(channels, CHANNELS_AT_ONCE), 2 * length)
    for window in range(windows):
        for first in range(0, channels, CHANNELS_AT_ONCE):
            those = slice(first, min(first + CHANNELS_AT_ONCE, channels))
            gated = padded[: those.stop - first]
            kernels.filter_and_gate(_numbers(u[window]), first, *filters, gated.numpy())
            product = torch.fft.rfft(gated).mul_(spectrum[those])
            convolved = torch.fft.irfft(product, n=2 * length)
            kernels.add_and_gate(
                *(_numbers(u[window]), first, *filters, convolved.numpy(), gated.numpy()),
                *(scale.float().numpy(), _numbers(out[window])),
            )
    return out


def add_and_normalise(
    x: torch.Tensor,
    added: torch.Tensor,
    bias: torch.Tensor,
    norm: nn.LayerNorm,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Add to the residual stream, and normalise it.

    Args:
        x: the stream, (B, L, C), fp32, contiguous; it is changed.
        added: (B, L, C), contiguous.
        bias: added, too, (C,).
        norm: the layer normalisation, with weights in fp32.
        dtype: of the result.

    Returns:
        (B, L, C).
    """
    out = torch.empty(x.shape, dtype=dtype)
    _kernels().add_and_normalise(
        x.flatten(0, 1).numpy(),
        *(_numbers(added.flatten(0, 1)), bias.float().numpy()),
        *(norm.weight.numpy(), norm.bias.numpy(), norm.eps, _numbers(out.flatten(0, 1))),
    )
    return out


def _kernels() -> ModuleType:
    """Give the kernels, which are imported when they are first needed, with PyTorch's threads."""
    import numba

    from transgenic_dagster.model import cpu_kernels

    threads = torch.get_num_threads()
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(threads, most))
    if torch.get_num_threads() != threads:  # Numba sets OpenMP's number when it begins
        torch.set_num_threads(threads)
    return cpu_kernels


def _by_head(x: torch.Tensor) -> NDArray[np.float32]:
    """(rows, H, g, …) as (rows * H, g, …)."""
    return x.flatten(0, 1).contiguous().numpy()


def _flat(x: torch.Tensor) -> tuple[NDArray[np.float32] | NDArray[np.uint16], int]:
    """Memory of (rows, H, n, hd) from its first number on, and the distance between heads."""
    step = x.stride(1)
    numbers = (x.shape[0] * x.shape[1] - 1) * step + x.shape[2] * x.shape[3]
    return _numbers(x.as_strided((numbers,), (1,))), step


def _numbers(x: torch.Tensor) -> NDArray[np.float32] | NDArray[np.uint16]:
    """A tensor's memory as NumPy reads it: bf16, which it does not know, as its bits."""
    return (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()
