"""Cost of decoding when nothing is kept: the published script's way, on our own modules.

At every token it compresses the encoder's output anew, once per beam; every beam has its own
copy of the cross-attention's keys and values; the self-attention's cache is reallocated for
every token and copied whole whenever beams are sorted. One region at a time.
"""

import torch

from transgenic_dagster.model import TransgenicForConditionalGeneration
from transgenic_dagster.model.attention import KeyValues


class PublishedDecoding:
    """Decoding state of one region after another, offered to our own beam search.

    Args:
        model: in evaluation mode.
        input_ids: DNA ids of all windows, (N, L).
        beams: rows per region.
    """

    def __init__(
        self, model: TransgenicForConditionalGeneration, input_ids: torch.Tensor, beams: int
    ) -> None:
        self._model = model
        self._input_ids = input_ids
        self._beams = beams
        self._next = 0

    def admit(self, regions: int) -> None:
        """Encode the next region, which is alone."""
        region = self._next
        self._next += regions
        table = self._model.transgenic.EncoderOutputPositionalEmbedding.pe
        ids = self._input_ids[region][None].to(table.device)
        encoded = self._model.backbone(ids) + table[: ids.shape[1]].float()
        self._encoded = encoded.expand(self._beams, -1, -1).contiguous()
        self._cross: list[KeyValues] = []
        self._written: list[KeyValues] = []
        self._length = 0

    def step(self, token_ids: torch.Tensor) -> torch.Tensor:
        """Logits (R, V) after one more token (R,) per row."""
        decoder = self._model.transgenic.decoder
        states = self.downsample()
        if not self._cross:
            projected = (layer.encoder_attn.project(states) for layer in decoder.layers)
            self._cross = [KeyValues(p.keys.contiguous(), p.values.contiguous()) for p in projected]
        h = decoder.embed(token_ids[:, None], torch.tensor([self._length], device=states.device))
        written = []
        for i, layer in enumerate(decoder.layers):
            new = layer.self_attn.project(h)
            if self._written:
                old = self._written[i]
                new = KeyValues(
                    torch.cat([old.keys, new.keys], dim=2),
                    torch.cat([old.values, new.values], dim=2),
                )
            written.append(new)
            h = layer(h, new, self._cross[i])
        self._written = written
        self._length += 1
        return self._model.head(h)[:, -1]

    def downsample(self) -> torch.Tensor:
        """Compress the encoder's output for every beam."""
        return self._model.transgenic.downsample(self._encoded)

    def reorder(self, parents: torch.Tensor) -> None:
        """Copy the caches of all rows."""
        self._written = [
            KeyValues(held.keys.index_select(0, parents), held.values.index_select(0, parents))
            for held in self._written
        ]

    def release(self, slot: int) -> None:
        """Nothing to do: the next region replaces everything."""
