"""Self-attention's keys and values where the host must not be waited for: nothing is ever moved.

The beams of a region share its history: each writes into columns of its own, and a beam that
continues another one sees, column by column, what the beams that wrote its history left there. Who
that was is a small table on the device, and attention is given the columns of all beams of the
region, with a mask. As each column is read once for all beams, that costs no memory traffic.
"""

from collections.abc import Sequence

import torch

from transgenic_dagster.model.attention import KeyValues
from transgenic_dagster.model.caches import CacheLayout, cache_length, next_length


class SharedHistoryCache:
    """Keys and values of the tokens written so far, for every layer and row.

    Columns are taken and given up as in ``SelfAttentionCache``, which has the same methods. Shapes:
    B regions of g beams, R = B * g rows, C columns.

    Args:
        layout: of the model's caches.
        rows: most rows at a time.
        num_beams: g.
        longest_prompt: most tokens that a row may have before its first step.
    """

    def __init__(
        self, layout: CacheLayout, rows: int, num_beams: int, longest_prompt: int = 0
    ) -> None:
        self.column = longest_prompt
        self.columns = cache_length(longest_prompt + 1)
        self.moves = 0
        """Number of times that all keys and values have moved to another place."""
        self.starts = torch.zeros(rows // num_beams, dtype=torch.long, device=layout.device)
        """First column of each region, (B,)."""
        self._starts: list[int] = []
        self._layout = layout
        self._longest_prompt = longest_prompt
        self._beams = torch.arange(num_beams, dtype=torch.int16, device=layout.device)
        self._layers = [self._room() for _ in range(layout.layers)]
        self._writers = self._beams[:, None].repeat(len(self.starts), 1, self.columns)  # (B, g, C)

    def admit(self, rows: int, prompt: Sequence[KeyValues] = ()) -> None:
        """Let new rows of one region start, at the present column or with a prompt before it.

        Args:
            rows: their number.
            prompt: keys and values of their first tokens, by layer, each (1, H, p, hd).
        """
        regions = rows // len(self._beams)
        length = prompt[0].keys.shape[2] if prompt else 0
        live, first = len(self._starts), self.column - length
        new = slice(live, live + regions)
        self._starts += [first] * regions
        self.starts[new] = first
        self._writers[new] = self._beams[:, None]
        for held, given in zip(self._layers, prompt, strict=False):
            held.keys[new, :, :, first : self.column] = given.keys[:, :, None]
            held.values[new, :, :, first : self.column] = given.values[:, :, None]

    def begin_step(self) -> None:
        """Make room for one more column."""
        if self.column == self.columns:
            self._make_room()
        self._writers[:, :, self.column] = self._beams

    def append(self, column: torch.Tensor, layer: int, new: KeyValues) -> KeyValues:
        """Write one token's keys and values and return the columns of all beams, side by side.

        What this does depends on no number of the host, so it can be captured and replayed.

        Args:
            column: the column to write, (1,), where the cache is.
            layer: number of the layer.
            new: keys and values of the first R rows, live or not, (R, H, 1, hd).

        Returns:
            Keys and values of their regions, (B, H, g * C, hd).
        """
        held, beams = self._layers[layer], len(self._beams)
        regions = new.keys.shape[0] // beams
        for cached, given in ((held.keys, new.keys), (held.values, new.values)):
            by_region = given.unflatten(0, (regions, beams)).transpose(1, 2)  # (B, H, g, 1, hd)
            cached[:regions].index_copy_(3, column, by_region)
        return KeyValues(held.keys[:regions].flatten(2, 3), held.values[:regions].flatten(2, 3))

    def mask(self, column: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """What the beams of the first B regions may see of their regions' columns.

        Args:
            column: the present one, (1,), where the cache is.
            starts: first columns of the regions, (B,).

        Returns:
            (B, 1, g, g * C), bool.
        """
        columns = torch.arange(self.columns, device=column.device)
        written = (columns >= starts[:, None]) & (columns <= column)  # (B, C)
        writers = self._writers[: len(starts), :, None]  # (B, g, 1, C)
        seen = (writers == self._beams[:, None]) & written[:, None, None]  # (B, g, g, C)
        return seen.flatten(2)[:, None]

    def end_step(self) -> None:
        """Count the column as written once every layer has appended to it."""
        self.column += 1

    def reorder(self, parents: torch.Tensor) -> None:
        """Let row i continue what row ``parents[i]``, (R,), of the same region has written."""
        writers = self._writers.flatten(0, 1)  # (R, C)
        writers[: len(parents)] = writers[parents]

    def release(self, first_row: int, rows: int) -> None:
        """Drop the ``rows`` rows of a region from ``first_row`` on; the last take their place."""
        slot, last = first_row // rows, len(self._starts) - 1
        if slot != last:
            self._starts[slot] = self._starts[last]
            self.starts[slot] = self.starts[last]
            self._writers[slot] = self._writers[last]
            for held in self._layers:
                for cached in (held.keys, held.values):
                    cached[slot, :, :, : self.column] = cached[last, :, :, : self.column]
        del self._starts[last:]

    def _make_room(self) -> None:
        """Give up columns before the first that a live row needs, else double the columns.

        The longest prompt always finds its place before the present column.
        """
        first = max(0, min(*self._starts, self.column - self._longest_prompt))
        if first < self.columns // 2:
            self.columns = next_length(self.columns)
        kept = slice(first, self.column)
        self.column -= first
        self._starts = [start - first for start in self._starts]
        self.starts[: len(self._starts)] -= first
        self.moves += 1
        writers = self._writers.new_zeros(*self._writers.shape[:2], self.columns)
        writers[:, :, : self.column] = self._writers[:, :, kept]
        self._writers = writers
        for layer, held in enumerate(self._layers):
            room = self._layers[layer] = self._room()
            room.keys[:, :, :, : self.column] = held.keys[:, :, :, kept]
            room.values[:, :, :, : self.column] = held.values[:, :, :, kept]

    def _room(self) -> KeyValues:
        # Zeros, since a masked position counts as zero times what is there: no NaN may lurk.
        layout = self._layout
        shape = (len(self.starts), layout.heads, len(self._beams), self.columns, layout.head_dim)
        keys = torch.zeros(shape, dtype=layout.dtype, device=layout.device)  # (B, H, g, C, hd)
        return KeyValues(keys, torch.zeros_like(keys))
