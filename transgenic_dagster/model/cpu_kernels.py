"""Kernels for CPUs, compiled by Numba when a process first calls them.

PyTorch has no kernel that reads cached keys and values once for a handful of queries, and none that
filters, gates and adds in one pass; each of its operators carries its result to memory and back.
Numbers are fp32, or bf16 as the upper halves of fp32 in ``uint16``, and everything is summed in
fp32. Threads are those of OpenMP, which PyTorch's operators use, too.

Shapes: U attentions (one per head of a row or region), g queries of each, n positions, hd
channels per head; B windows, C channels, L nucleotides.
"""

import numpy as np
from numba import config, njit, prange, types
from numba.extending import overload
from numpy.typing import NDArray

config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]  # type: ignore[attr-defined]

FP32 = NDArray[np.float32]
Numbers = NDArray[np.float32] | NDArray[np.uint16]
"""fp32, or the bits of bf16."""

_HALF = 16
"""Bits by which bf16 is shorter than fp32."""
_BF16_NAN = 0x7FC0
_TAPS = 3
"""Of the short causal filters."""


def _widened(number):  # type: ignore[no-untyped-def]
    """Give a number of either kind in fp32."""


@overload(_widened, inline="always")
def _widened_by_type(number):  # type: ignore[no-untyped-def]
    if number == types.uint16:
        return lambda number: np.uint32(np.uint32(number) << np.uint32(_HALF)).view(np.float32)
    return lambda number: number


def _narrowed(number, numbers):  # type: ignore[no-untyped-def]
    """Give a number in the kind of an array; bf16 is rounded to nearest, ties to even."""


@overload(_narrowed, inline="always")
def _narrowed_by_type(number, numbers):  # type: ignore[no-untyped-def]  # noqa: ARG001
    if numbers.dtype == types.uint16:

        def narrowed(number, numbers):  # type: ignore[no-untyped-def]  # noqa: ARG001
            if np.isnan(number):
                return np.uint16(_BF16_NAN)
            bits = np.float32(number).view(np.uint32)
            odd = (bits >> np.uint32(_HALF)) & np.uint32(1)
            return np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(_HALF))

        return narrowed
    return lambda number, numbers: number  # noqa: ARG005


# Sums may be reordered; NaN and infinity stay what they are, for they tell that a model is broken.
_SUMS = {"contract", "nsz", "reassoc"}
_compiled = njit(nogil=True, fastmath=_SUMS, error_model="numpy")
_in_threads = njit(nogil=True, fastmath=_SUMS, error_model="numpy", parallel=True)


@_in_threads
def multiply_keys(queries: FP32, keys: Numbers, step: int, scores: FP32) -> None:
    """Write the products of queries and keys.

    Args:
        queries: (U, g, hd).
        keys: where they begin, flat: attention u's are (n, hd) from u * step on.
        step: distance between the keys of two attentions.
        scores: result, (U, g, n).
    """
    for u in prange(queries.shape[0]):
        _multiply_keys(queries[u], keys[u * step :], scores[u])


@_compiled
def _multiply_keys(queries: FP32, keys: Numbers, scores: FP32) -> None:
    channels = queries.shape[1]
    for position in range(scores.shape[1]):
        key = keys[position * channels : (position + 1) * channels]
        for row in range(queries.shape[0]):
            total = np.float32(0)
            for c in range(channels):
                total += queries[row, c] * _widened(key[c])
            scores[row, position] = total


@_in_threads
def add_values(weights: FP32, values: Numbers, step: int, out: FP32) -> None:
    """Write the weighted sums of values.

    Args:
        weights: (U, g, n).
        values: laid out as the keys of ``multiply_keys``.
        step: distance between the values of two attentions.
        out: result, (U, g, hd).
    """
    for u in prange(weights.shape[0]):
        _add_values(weights[u], values[u * step :], out[u])


@_compiled
def _add_values(weights: FP32, values: Numbers, out: FP32) -> None:
    channels = out.shape[1]
    out[:] = 0
    for position in range(weights.shape[1]):
        value = values[position * channels : (position + 1) * channels]
        for row in range(weights.shape[0]):
            weight = weights[row, position]
            for c in range(channels):
                out[row, c] += weight * _widened(value[c])


@_in_threads
def filter_and_gate(
    u: Numbers, first: int, shift: FP32, taps: FP32, bias: FP32, gated: FP32
) -> None:
    """Filter the gate x1 and the values v of one window, and multiply them.

    Args:
        u: x0, x1 and v, (3C, L).
        first: first channel c to compute.
        shift: what is added to u before it is filtered, (3C,).
        taps: of the causal filters, (3C, 3), the last for the present nucleotide.
        bias: what is added to what is filtered, (3C,).
        gated: result for as many channels as it has, written into its first L columns, (c, ≥ L).
    """
    channels = u.shape[0] // 3
    for i in prange(gated.shape[0]):
        x1, v = channels + first + i, 2 * channels + first + i
        _filter_and_gate(
            u[x1], u[v], shift[x1], shift[v], taps[x1], taps[v], bias[x1], bias[v], gated[i]
        )


@_compiled
def _filter_and_gate(
    x1: Numbers,
    v: Numbers,
    x1_shift: np.float32,
    v_shift: np.float32,
    x1_taps: FP32,
    v_taps: FP32,
    x1_bias: np.float32,
    v_bias: np.float32,
    gated: FP32,
) -> None:
    for t in range(min(_TAPS - 1, len(x1))):
        gate = _filtered_at_start(x1, t, x1_shift, x1_taps, x1_bias)
        gated[t] = gate * _filtered_at_start(v, t, v_shift, v_taps, v_bias)
    x1_all_bias = x1_bias + x1_shift * x1_taps.sum()
    v_all_bias = v_bias + v_shift * v_taps.sum()
    x1_before, x1_now, v_before, v_now, gated_now = x1[1:], x1[2:], v[1:], v[2:], gated[2:]
    for t in range(len(x1_now)):
        gate = x1_all_bias + _tapped(x1, x1_before, x1_now, t, x1_taps)
        gated_now[t] = gate * (v_all_bias + _tapped(v, v_before, v_now, t, v_taps))


@_compiled
def _tapped(first: Numbers, before: Numbers, now: Numbers, t: int, taps: FP32) -> np.float32:
    """Weigh three neighbours, each read at t: an index like t + 1 would not be vectorised."""
    return taps[0] * _widened(first[t]) + taps[1] * _widened(before[t]) + taps[2] * _widened(now[t])


@_compiled
def _filtered_at_start(
    x: Numbers, t: int, shift: np.float32, taps: FP32, bias: np.float32
) -> np.float32:
    total = bias
    for back in range(t + 1):
        total += taps[_TAPS - 1 - back] * (_widened(x[t - back]) + shift)
    return total


@_in_threads
def add_and_gate(
    u: Numbers,
    first: int,
    shift: FP32,
    taps: FP32,
    bias: FP32,
    convolved: FP32,
    gated: FP32,
    scale: FP32,
    out: Numbers,
) -> None:
    """Add the convolution's residual, and multiply with the filtered gate x0 of one window.

    Args:
        u: as in ``filter_and_gate``.
        first: first channel c to compute.
        shift: as in ``filter_and_gate``.
        taps: as in ``filter_and_gate``.
        bias: as in ``filter_and_gate``.
        convolved: of the channels from ``first`` on, (c, ≥ L).
        gated: as ``filter_and_gate`` wrote it, (c, ≥ L).
        scale: of what was gated, by channel, (C,).
        out: result, (C, L), of which channels ``first`` to ``first + c`` are written.
    """
    for i in prange(gated.shape[0]):
        x0 = first + i
        _add_and_gate(
            u[x0], shift[x0], taps[x0], bias[x0], convolved[i], gated[i], scale[x0], out[x0]
        )


@_compiled
def _add_and_gate(
    x0: Numbers,
    shift: np.float32,
    taps: FP32,
    bias: np.float32,
    convolved: FP32,
    gated: FP32,
    scale: np.float32,
    out: Numbers,
) -> None:
    for t in range(min(_TAPS - 1, len(x0))):
        gate = _filtered_at_start(x0, t, shift, taps, bias)
        out[t] = _narrowed(gate * (convolved[t] + scale * gated[t]), out)
    all_bias = bias + shift * taps.sum()
    before, now, convolved_now, gated_now, out_now = (
        x0[1:],
        x0[2:],
        convolved[2:],
        gated[2:],
        out[2:],
    )
    for t in range(len(now)):
        gate = all_bias + _tapped(x0, before, now, t, taps)
        out_now[t] = _narrowed(gate * (convolved_now[t] + scale * gated_now[t]), out)


@_in_threads
def add_and_normalise(
    x: FP32, added: Numbers, bias: FP32, weight: FP32, shift: FP32, eps: float, out: Numbers
) -> None:
    """Add to the residual stream, and normalise it.

    Args:
        x: the stream, (N, C), which is changed.
        added: (N, C).
        bias: added, too, (C,).
        weight: of the layer normalisation, (C,).
        shift: its bias, (C,).
        eps: added to the variance.
        out: result, (N, C).
    """
    for i in prange(x.shape[0]):
        _add_and_normalise(x[i], added[i], bias, weight, shift, np.float32(eps), out[i])


@_compiled
def _add_and_normalise(
    x: FP32,
    added: Numbers,
    bias: FP32,
    weight: FP32,
    shift: FP32,
    eps: np.float32,
    out: Numbers,
) -> None:
    total = np.float32(0)
    for c in range(len(x)):
        x[c] += _widened(added[c]) + bias[c]
        total += x[c]
    mean = total / np.float32(len(x))
    squares = np.float32(0)
    for c in range(len(x)):
        squares += (x[c] - mean) * (x[c] - mean)
    scale = np.float32(1) / np.sqrt(squares / np.float32(len(x)) + eps)
    for c in range(len(x)):
        out[c] = _narrowed((x[c] - mean) * scale * weight[c] + shift[c], out)
