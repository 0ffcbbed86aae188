"""What half precision would gain on this CPU: a measurement of half a second."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from transgenic_dagster.model import TransgenicConfig
from transgenic_dagster.model.hyena_encoder import HyenaBlock
from transgenic_dagster.model.packed_linear import can_pack, pack_linears

_LEAST_WIDTH = 512
"""Narrower models gain little, and how much would depend on the moment: 1.1 to 1.4 was measured
with 64 channels. Runs, and pieces of one run, must not differ in precision by chance."""
_NUCLEOTIDES = 1_024
_SECONDS = 0.5
_FEWEST_PASSES, _MOST_PASSES = 3, 20


def bf16_gain(config: TransgenicConfig) -> float:
    """How many times as fast as in fp32 one encoder block of a model is in bf16, on this CPU.

    Both take turns on one core and the fastest pass of each counts, in time of that core rather
    than of the clock, so that other work on the machine changes little. Our own kernels are left
    out: both need them, and compiling them takes longer than the measurement. Where PyTorch has no
    kernels for bf16 on this CPU, or the model is small, nothing is measured and nothing gained.
    """
    if config.d_model < _LEAST_WIDTH or not can_pack(torch.bfloat16):
        return 1.0
    with _one_thread(), torch.inference_mode():
        blocks = {dtype: _block(config, dtype) for dtype in (torch.float32, torch.bfloat16)}
        length = min(_NUCLEOTIDES, config.max_encoder_seqlen)
        x = torch.linspace(-1, 1, length * config.d_model).view(1, length, -1)  # (1, L, C)
        for block in blocks.values():
            block(x)  # computes the filter's spectrum
        fastest = dict.fromkeys(blocks, math.inf)
        began = time.thread_time()
        for done in range(_MOST_PASSES):
            if done >= _FEWEST_PASSES and time.thread_time() - began > _SECONDS:
                break
            for dtype, block in blocks.items():
                before = time.thread_time()
                block(x)
                fastest[dtype] = min(fastest[dtype], time.thread_time() - before)
    return fastest[torch.float32] / fastest[torch.bfloat16]


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _block(config: TransgenicConfig, dtype: torch.dtype) -> HyenaBlock:
    block = HyenaBlock(config)
    for part in (block.mixer.in_proj, block.mixer.short_filter, block.mixer.out_proj, block.mlp):
        part.to(dtype)
    pack_linears(block)
    return block
