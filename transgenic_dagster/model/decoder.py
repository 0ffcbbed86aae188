"""The decoder: a plain post-norm transformer that writes the gene sentence.

See ``docs/design.md``. Keys and values of the encoder states are projected once per region and
shared by its beams; only the self-attention cache belongs to a row. Shapes as in ``attention``.
"""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import nn

from transgenic_dagster.model.attention import Attention, KeyValues
from transgenic_dagster.model.caches import CacheLayout, CrossAttentionCache
from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.layers import GeluLinear, LayerNorm, Linear


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention and feed-forward, each normalised afterwards."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        dim, heads, eps = config.decoder_dim, config.decoder_attention_heads, config.layer_norm_eps
        self.self_attn = Attention(dim, heads)
        self.self_attn_layer_norm = LayerNorm(dim, eps=eps)
        self.encoder_attn = Attention(dim, heads)
        self.encoder_attn_layer_norm = LayerNorm(dim, eps=eps)
        self.fc1 = GeluLinear(dim, config.decoder_ffn_dim)
        self.fc2 = Linear(config.decoder_ffn_dim, dim)
        self.final_layer_norm = LayerNorm(dim, eps=eps)

    def forward(
        self,
        h: torch.Tensor,
        written: KeyValues,
        cross: KeyValues,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Map h (R, T, D), fp32, to the next h.

        Args:
            h: hidden states of the new tokens.
            written: self-attention's keys and values, those of h included.
            cross: cross-attention's keys and values.
            mask: see ``Attention.attend_to_self``.
        """
        h = self.self_attn_layer_norm(h + self.self_attn.attend_to_self(h, written, mask))
        h = self.encoder_attn_layer_norm(h + self.encoder_attn.attend_to_encoder(h, cross))
        return self.final_layer_norm(h + self.fc2(self.fc1(h)))


class Decoder(nn.Module):
    """The decoder without its output head."""

    layers: Sequence[DecoderLayer]  # an nn.ModuleList of them

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.max_length = config.max_decoder_position_embeddings
        self.embed_tokens = nn.Embedding(config.vocab_size, config.decoder_dim)
        self.embed_positions = nn.Embedding(self.max_length, config.decoder_dim)
        self.layers = nn.ModuleList(  # type: ignore[assignment]
            DecoderLayer(config) for _ in range(config.decoder_layers)
        )
        self.layernorm_embedding = LayerNorm(config.decoder_dim, eps=config.layer_norm_eps)

    def forward(self, token_ids: torch.Tensor, encoder_states: torch.Tensor) -> torch.Tensor:
        """Read whole sentences, each token seeing those before it.

        Args:
            token_ids: from the start token on, (B, T).
            encoder_states: (B, S, D).

        Returns:
            Hidden states, (B, T, D), fp32.
        """
        return self.read(token_ids, lambda i: self.layers[i].encoder_attn.project(encoder_states))[
            0
        ]

    def read(
        self, token_ids: torch.Tensor, cross: Callable[[int], KeyValues]
    ) -> tuple[torch.Tensor, list[KeyValues]]:
        """Read sentences from their start, each token seeing those before it.

        Args:
            token_ids: from the start token on, (R, T).
            cross: for a layer, gives cross-attention's keys and values.

        Returns:
            Hidden states, (R, T, D), fp32; and self-attention's keys and values by layer, each
            (R, H, T, hd).
        """
        h = self.embed(token_ids, torch.arange(token_ids.shape[1], device=token_ids.device))
        written = []
        for i, layer in enumerate(self.layers):
            written.append(layer.self_attn.project(h))
            h = layer(h, written[i], cross(i))
        return h, written

    def step(
        self,
        token_ids: torch.Tensor,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
        written: Callable[[int, KeyValues], KeyValues],
        cross: Callable[[int], KeyValues],
    ) -> torch.Tensor:
        """Read one more token (R,) per row.

        Args:
            token_ids: (R,).
            positions: of the tokens in their sentences, (R, 1).
            mask: see ``Attention.attend_to_self``.
            written: for a layer, takes the new tokens' keys and values and gives all of them.
            cross: for a layer, gives cross-attention's keys and values.

        Returns:
            Hidden states, (R, 1, D), fp32.
        """
        h = self.embed(token_ids[:, None], positions)
        for i, layer in enumerate(self.layers):
            h = layer(h, written(i, layer.self_attn.project(h)), cross(i), mask)
        return h

    @property
    def cache_layout(self) -> CacheLayout:
        """Shape of this decoder's caches."""
        heads, projected = self.layers[0].self_attn.heads, self.layers[0].self_attn.k_proj.bias
        return CacheLayout(
            len(self.layers), heads, len(projected) // heads, projected.dtype, projected.device
        )

    def project_encoder_states(
        self, encoder_states: torch.Tensor, cache: CrossAttentionCache, first_slot: int
    ) -> None:
        """Project encoder states (B, S, D) for every layer into a cache's slots."""
        for i, layer in enumerate(self.layers):
            cache.write(i, first_slot, layer.encoder_attn.project(encoder_states))

    def embed(self, token_ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Hidden states (R, T, D), fp32, of tokens (R, T) at positions (T,) or (R, T)."""
        h = self.embed_tokens(token_ids) + self.embed_positions(positions)  # (R, T, D)
        return cast(torch.Tensor, self.layernorm_embedding(h))
