"""The decoder: a plain post-norm transformer that writes the gene sentence.

Facts: section 5 of the design. Keys and values of the memory are projected once per region and
shared by its beams; only the self-attention cache belongs to a row.

Shapes: B regions, g rows (beams) per region, R = B * g rows, T new tokens, S memory positions,
H heads, hd channels per head, D = H * hd channels.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from transgenic_dagster.model.configuration import TransgenicConfig
from transgenic_dagster.model.layers import LayerNorm, Linear

FIRST_CACHE_LENGTH = 64


@dataclass
class KeyValues:
    """Keys and values of one attention, each (rows, H, length, hd)."""

    keys: torch.Tensor
    values: torch.Tensor

    def select(self, rows: torch.Tensor) -> "KeyValues":
        """The same keys and values for the given rows, in that order."""
        return KeyValues(self.keys.index_select(0, rows), self.values.index_select(0, rows))


class SelfAttentionCache:
    """Keys and values of the tokens written so far, for every layer.

    Memory is taken in doubling steps up to ``max_length``, so that short sentences stay cheap.
    """

    def __init__(self, max_length: int) -> None:
        self.length = 0
        self._max_length = max_length
        self._layers: list[KeyValues] = []

    def append(
        self, layer: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add keys and values of new tokens (R, H, T, hd) and return all so far for this layer."""
        end = self.length + keys.shape[2]
        if layer == len(self._layers):
            self._layers.append(KeyValues(self._grown(keys, end), self._grown(values, end)))
        held = self._layers[layer]
        if held.keys.shape[2] < end:
            held.keys = self._grown(held.keys, end)
            held.values = self._grown(held.values, end)
        held.keys[:, :, self.length : end] = keys
        held.values[:, :, self.length : end] = values
        return held.keys[:, :, :end], held.values[:, :, :end]

    def advance(self, tokens: int) -> None:
        """Count ``tokens`` as written once every layer has appended them."""
        self.length += tokens

    def select(self, rows: torch.Tensor) -> None:
        """Keep the given rows, in that order (a row may stand more than once)."""
        self._layers = [held.select(rows) for held in self._layers]

    def _grown(self, old: torch.Tensor, needed: int) -> torch.Tensor:
        capacity = FIRST_CACHE_LENGTH
        while capacity < needed:
            capacity *= 2
        rows, heads, length, head_dim = old.shape
        new = old.new_empty(rows, heads, min(capacity, max(self._max_length, needed)), head_dim)
        kept = min(length, self.length)
        new[:, :, :kept] = old[:, :, :kept]
        return new


class Attention(nn.Module):
    """Multi-head attention; the same projections serve self- and cross-attention."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = Linear(dim, dim)
        self.v_proj = Linear(dim, dim)
        self.q_proj = Linear(dim, dim)
        self.out_proj = Linear(dim, dim)

    def project(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of x (rows, length, D), each (rows, H, length, hd)."""
        return self._split(self.k_proj(x)), self._split(self.v_proj(x))

    def attend_to_self(
        self, h: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        """Attend from h (R, T, D) to (R, H, length, hd), the last T of which are h's own."""
        is_causal = h.shape[1] > 1
        out = F.scaled_dot_product_attention(
            self._split(self.q_proj(h)), keys, values, is_causal=is_causal
        )
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def attend_to_memory(self, h: torch.Tensor, memory: KeyValues) -> torch.Tensor:
        """Attend from h (R, T, D) to one region's memory (B, H, S, hd) per g rows.

        The rows of a region stand side by side as queries, so the memory is never copied.
        """
        rows, tokens, dim = h.shape
        regions = memory.keys.shape[0]
        queries = self._split(self.q_proj(h).reshape(regions, -1, dim))
        out = F.scaled_dot_product_attention(queries, memory.keys, memory.values)
        out = out.transpose(1, 2).reshape(rows, tokens, dim)
        return self.out_proj(out)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class DecoderLayer(nn.Module):
    """Self-attention, attention to the memory and feed-forward, each normalised afterwards."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        dim, heads, eps = config.decoder_dim, config.decoder_attention_heads, config.layer_norm_eps
        self.self_attn = Attention(dim, heads)
        self.self_attn_layer_norm = LayerNorm(dim, eps=eps)
        self.encoder_attn = Attention(dim, heads)
        self.encoder_attn_layer_norm = LayerNorm(dim, eps=eps)
        self.fc1 = Linear(dim, config.decoder_ffn_dim)
        self.fc2 = Linear(config.decoder_ffn_dim, dim)
        self.final_layer_norm = LayerNorm(dim, eps=eps)

    def forward(
        self, h: torch.Tensor, memory: KeyValues, cache: SelfAttentionCache, layer: int
    ) -> torch.Tensor:
        """Map h (R, T, D), fp32, to the next h, adding this layer's keys to the cache."""
        keys, values = cache.append(layer, *self.self_attn.project(h))
        h = self.self_attn_layer_norm(h + self.self_attn.attend_to_self(h, keys, values))
        h = self.encoder_attn_layer_norm(h + self.encoder_attn.attend_to_memory(h, memory))
        return self.final_layer_norm(h + self.fc2(F.gelu(self.fc1(h))))


class Decoder(nn.Module):
    """The decoder without its output head."""

    def __init__(self, config: TransgenicConfig) -> None:
        super().__init__()
        self.max_length = config.max_decoder_position_embeddings
        self.embed_tokens = nn.Embedding(config.vocab_size, config.decoder_dim)
        self.embed_positions = nn.Embedding(self.max_length, config.decoder_dim)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.layernorm_embedding = LayerNorm(config.decoder_dim, eps=config.layer_norm_eps)

    def project_memory(self, memory: torch.Tensor) -> list[KeyValues]:
        """Cross-attention keys and values of a memory (B, S, D), one pair per layer."""
        layers = cast(list[DecoderLayer], self.layers)
        return [KeyValues(*layer.encoder_attn.project(memory)) for layer in layers]

    def forward(
        self, token_ids: torch.Tensor, memory: list[KeyValues], cache: SelfAttentionCache
    ) -> torch.Tensor:
        """Run new tokens through all layers.

        Args:
            token_ids: (R, T), following what the cache holds; T > 1 only on an empty cache.
            memory: projected memory of B regions; R is a multiple of B, rows grouped by region.
            cache: self-attention cache of the R rows, advanced by T.

        Returns:
            Hidden states, (R, T, D), fp32.
        """
        tokens = token_ids.shape[1]
        positions = torch.arange(cache.length, cache.length + tokens, device=token_ids.device)
        h = self.embed_tokens(token_ids).float() + self.embed_positions(positions).float()
        h = self.layernorm_embedding(h)
        for i, layer in enumerate(self.layers):
            h = layer(h, memory[i], cache, i)
        cache.advance(tokens)
        return h
