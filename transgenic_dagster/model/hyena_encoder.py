"""The HyenaDNA encoder: long causal convolutions instead of attention.

Block order, filter formula and epsilon are those of ``docs/design.md``, checked against recorded
outputs of the published model. The module tree mirrors the keys of the published checkpoints.
"""

from collections.abc import Sequence

import torch
from torch import nn

from transgenic_dagster.model import cpu_operations
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.layers import (
    FromChannelsFirstLinear,
    GeluLinear,
    LayerNorm,
    Linear,
    ToChannelsFirstLinear,
)

SHORT_FILTER_TAPS = 3
MODULATION_SHIFT = 0.05


class Sine(nn.Module):
    """sin(freq * x), with one trained frequency per channel."""

    def __init__(self, freq: nn.Parameter) -> None:
        super().__init__()
        self.freq = freq

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (L, channels) to (L, channels)."""
        return torch.sin(self.freq * x)


class FilterPositions(nn.Module):
    """Positions that the implicit filter reads; trained tables, loaded and never recomputed."""

    z: torch.Tensor
    t: torch.Tensor

    def __init__(self, emb_dim: int, max_length: int) -> None:
        super().__init__()
        self.register_buffer("z", torch.zeros(1, max_length, emb_dim))
        self.register_buffer("t", torch.zeros(1, max_length, 1))


class FilterModulation(nn.Module):
    """Decay rates of the filter, one per channel."""

    deltas: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("deltas", torch.zeros(1, 1, channels))


class HyenaFilter(nn.Module):
    """The long convolution's filter, computed from positions by a small network."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        inner = config.encoder_filter_order
        freq = nn.Parameter(torch.ones(1, inner))
        self.bias = nn.Parameter(torch.zeros(config.d_model))
        self.pos_emb = FilterPositions(config.encoder_emb_dim, config.max_encoder_seqlen)
        self.implicit_filter = nn.Sequential(
            nn.Linear(config.encoder_emb_dim, inner),
            Sine(freq),
            nn.Linear(inner, inner),
            Sine(freq),
            nn.Linear(inner, inner),
            Sine(freq),
            nn.Linear(inner, config.d_model, bias=False),
        )
        self.modulation = FilterModulation(config.d_model)
        self._spectrum: tuple[int, torch.Tensor] | None = None

    def time_filter(self, length: int) -> torch.Tensor:
        """The filter k for a window of ``length``: (C, length), fp32."""
        z = self.pos_emb.z[0, :length]  # (L, emb_dim)
        t = self.pos_emb.t[0, :length]  # (L, 1)
        deltas = self.modulation.deltas[0]  # (1, C)
        decay = torch.exp(-t * deltas.abs()) + MODULATION_SHIFT
        return (self.implicit_filter(z) * decay).T

    def spectrum(self, length: int) -> torch.Tensor:
        """Spectrum of the zero-padded filter, (C, length + 1), complex64.

        It depends on the weights and the length alone, so the last one is kept: batches of one
        length follow each other. While training it is computed afresh.
        """
        if torch.is_grad_enabled() and self.bias.requires_grad:
            return torch.fft.rfft(self.time_filter(length), n=2 * length)
        if self._spectrum is None or self._spectrum[0] != length:
            self._spectrum = (length, torch.fft.rfft(self.time_filter(length), n=2 * length))
        return self._spectrum[1]

    def convolve(self, v: torch.Tensor) -> torch.Tensor:
        """Causal convolution of v (B, C, L) with the filter, plus v times the bias; fp32."""
        length = v.shape[-1]
        v = v.float()
        spectrum = torch.fft.rfft(v, n=2 * length) * self.spectrum(length)  # (B, C, L + 1)
        y = torch.fft.irfft(spectrum, n=2 * length)[..., :length]
        return torch.addcmul(y, v, self.bias.float()[:, None])


class HyenaMixer(nn.Module):
    """Gated long convolution over the sequence."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        channels = config.d_model
        self.in_proj = ToChannelsFirstLinear(channels, 3 * channels)
        self.out_proj = FromChannelsFirstLinear(channels, channels)
        self.short_filter = nn.Conv1d(
            3 * channels,
            3 * channels,
            SHORT_FILTER_TAPS,
            padding=SHORT_FILTER_TAPS - 1,
            groups=3 * channels,
        )
        self.filter_fn = HyenaFilter(config)

    def forward(self, y: torch.Tensor) -> torch.Tensor:
        """Map (B, L, C) to (B, L, C)."""
        length = y.shape[1]
        u = self.short_filter(self.in_proj(y))[..., :length]  # (B, 3C, L)
        x0, x1, v = u.chunk(3, dim=1)  # (B, C, L) each
        return self.out_proj(x0 * self.filter_fn.convolve(x1 * v))

    def mix_with_kernels(self, y: torch.Tensor) -> torch.Tensor:
        """Map (B, L, C) to (B, L, C) on a CPU, without the bias of the last projection."""
        return self.out_proj.product(
            cpu_operations.convolve_gated(
                self.in_proj.product(y),  # (B, 3C, L)
                self.in_proj.bias,
                self.short_filter,
                self.filter_fn.spectrum(y.shape[1]),
                self.filter_fn.bias,
            )
        )


class HyenaMlp(nn.Module):
    """The encoder's feed-forward layer."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.fc1 = GeluLinear(config.d_model, config.encoder_d_inner, approximate="tanh")
        self.fc2 = Linear(config.encoder_d_inner, config.d_model)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, L, C) to (B, L, C)."""
        return self.fc2(self.fc1(x))


class HyenaBlock(nn.Module):
    """One pre-norm block: mixer, then feed-forward, each added to the fp32 residual."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.mixer = HyenaMixer(config)
        self.norm1 = LayerNorm(config.d_model, eps=config.layer_norm_eps)
        self.mlp = HyenaMlp(config)
        self.norm2 = LayerNorm(config.d_model, eps=config.layer_norm_eps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map the residual (B, L, C), fp32, to the next one."""
        x = x + self.mixer(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class DnaEmbeddings(nn.Module):
    """Embedding table of the DNA letters."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.encoder_vocab_size, config.d_model)


class HyenaBackbone(nn.Module):
    """The whole encoder."""

    layers: Sequence[HyenaBlock]  # an nn.ModuleList of them

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.embeddings = DnaEmbeddings(config)
        self.layers = nn.ModuleList(  # type: ignore[assignment]
            HyenaBlock(config) for _ in range(config.encoder_n_layer)
        )
        self.ln_f = LayerNorm(config.d_model, eps=config.layer_norm_eps)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Encode a batch of windows of equal length.

        Args:
            input_ids: DNA ids, (B, L), integer.

        Returns:
            Hidden states, (B, L, C), fp32.
        """
        x = self.embeddings.word_embeddings(input_ids.int())  # (B, L, C)
        first = self.layers[0].mixer.in_proj.weight  # (3C, C)
        if cpu_operations.kernels_serve(first.dtype, first.device, first.shape[1]):
            return self._encode_with_kernels(x)
        for layer in self.layers:
            x = layer(x)
        return self.ln_f(x)

    def _encode_with_kernels(self, x: torch.Tensor) -> torch.Tensor:
        """Map embedded windows (B, L, C), fp32, to hidden states on a CPU; x is changed."""
        dtype = self.layers[0].mixer.in_proj.weight.dtype
        nothing = torch.zeros(x.shape[2])
        normed = self.layers[0].norm1(x)
        norms = [*(layer.norm1 for layer in self.layers[1:]), self.ln_f]
        dtypes = [*([dtype] * (len(norms) - 1)), torch.float32]
        for layer, next_norm, next_dtype in zip(self.layers, norms, dtypes, strict=True):
            mixed = layer.mixer.mix_with_kernels(normed)
            bias = layer.mixer.out_proj.bias
            normed = cpu_operations.add_and_normalise(x, mixed, bias, layer.norm2, dtype)
            fed = layer.mlp(normed)
            normed = cpu_operations.add_and_normalise(x, fed, nothing, next_norm, next_dtype)
        return normed
