"""Encodes the windows of a unit in order, on a GPU while other regions are being decoded.

Decoding is bound by a GPU's memory and encoding by its arithmetic, so the two go well together.
On a CPU both want all cores, and a window is encoded when it is needed.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache

import torch

CPU_ENCODER_BATCH_SIZE = 1
"""One window fills all cores of a CPU; more only take memory."""
GPU_ENCODER_NUCLEOTIDES = 65_536
"""Nucleotides of the windows that a GPU encodes at a time."""


class EncoderPrefetcher:
    """Encoder states of windows, in order.

    Args:
        encode: from DNA ids (B, L) to encoder states (B, S, D).
        input_ids: DNA ids of all windows, (N, L).
        device: where the model is.
    """

    def __init__(
        self,
        encode: Callable[[torch.Tensor], torch.Tensor],
        input_ids: torch.Tensor,
        device: torch.device,
    ) -> None:
        self._encode = encode
        self._input_ids = input_ids
        self._device = device
        self._next = 0
        self._ready: torch.Tensor | None = None
        self._stream: torch.cuda.Stream | None = None
        self._batch_size = CPU_ENCODER_BATCH_SIZE
        if device.type == "cuda":
            self._batch_size = max(1, GPU_ENCODER_NUCLEOTIDES // input_ids.shape[1])
            self._stream = _encoding_stream(device)

    def take(self, at_most: int) -> torch.Tensor:
        """Encoder states (B, S, D) of the next windows: at least one, at most so many."""
        if self._ready is None:
            self._ready = self._encode_some()
        if self._stream is not None:
            current = torch.cuda.current_stream(self._device)
            current.wait_stream(self._stream)
            self._ready.record_stream(current)
        taken, rest = self._ready[:at_most], self._ready[at_most:]
        self._ready = rest if len(rest) else None
        return taken

    def prefetch(self) -> None:
        """On a GPU, start to encode the next windows unless some wait already."""
        waiting = self._ready is not None or self._next == len(self._input_ids)
        if self._stream is not None and not waiting:
            self._ready = self._encode_some()

    def _encode_some(self) -> torch.Tensor:
        some = self._input_ids[self._next : self._next + self._batch_size]
        self._next += len(some)
        with torch.cuda.stream(self._stream) if self._stream is not None else nullcontext():
            return self._encode(some.to(self._device))


@cache
def _encoding_stream(device: torch.device) -> torch.cuda.Stream:
    """One stream per GPU and process: PyTorch keeps freed memory for the stream that used it."""
    return torch.cuda.Stream(device)
