"""A TransGenic model before training: sizes, position tables and random weights."""

import math

import torch
from torch import nn

from transgenic_dagster.model import TransgenicConfig, TransgenicForConditionalGeneration
from transgenic_dagster.model.hyena_encoder import HyenaFilter, Sine

MAX_WINDOW = 12_288
SINE_FREQUENCY = 10.0
DECAY_TARGET = 1e-2
SLOWEST_DECAY, FASTEST_DECAY = 1.5, 0.3
"""Fractions of the longest window after which a filter has decayed to ``DECAY_TARGET``."""


def demo_config() -> TransgenicConfig:
    """Sizes of the demo model.

    They keep the saved checkpoint under 6 MB; half of that is the table of positions that is
    added to the encoder's output, one row for each nucleotide of the longest window.
    """
    return TransgenicConfig(
        d_model=48,
        encoder_n_layer=2,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=256,
        max_encoder_seqlen=MAX_WINDOW,
        encoder_d_inner=192,
    )


def untrained_model(
    seed: int, config: TransgenicConfig | None = None
) -> TransgenicForConditionalGeneration:
    """Build a model with random weights.

    Args:
        seed: of the random weights; the global torch generator is set to it.
        config: sizes, those of the demo model by default.
    """
    torch.manual_seed(seed)
    model = TransgenicForConditionalGeneration(config or demo_config())
    model.apply(_set_weights)
    positions = model.transgenic.EncoderOutputPositionalEmbedding
    positions.pe.copy_(_sinusoidal_table(*positions.pe.shape))
    return model


@torch.no_grad()
def _set_weights(module: nn.Module) -> None:
    """Draw weights that keep the size of activations; fill the Hyena filters' tables."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv1d):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="linear")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
    elif isinstance(module, Sine):
        module.freq.fill_(SINE_FREQUENCY)
    elif isinstance(module, HyenaFilter):
        _set_filter_tables(module)


def _set_filter_tables(hyena_filter: HyenaFilter) -> None:
    """Fill the tables as HyenaDNA does: time, Fourier features of time, and decay rates."""
    tables = hyena_filter.pos_emb
    _, length, features = tables.z.shape
    time = torch.linspace(0, 1, length)[:, None]
    frequencies = torch.linspace(1e-4, (features - 1) // 2 - 1, (features - 1) // 2)
    angles = 2 * math.pi * torch.arange(length)[:, None] / length * frequencies
    tables.t.copy_(time)
    tables.z.copy_(torch.cat([time, torch.cos(angles), -torch.sin(angles)], dim=1))
    deltas = hyena_filter.modulation.deltas
    decay = math.log(DECAY_TARGET)
    deltas.copy_(torch.linspace(decay / SLOWEST_DECAY, decay / FASTEST_DECAY, deltas.shape[-1]))


def _sinusoidal_table(length: int, channels: int) -> torch.Tensor:
    """Sine and cosine of the position at ``channels`` / 2 wavelengths, (length, channels)."""
    rates = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000) / channels))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).flatten(1)
