"""KV caches of the decoder: cross-attention's, one per region, and self-attention's, one per row.

Both hold regions in slots. Regions are admitted behind those that are there; when some are
released, the last ones take their places, so that the live ones are always the first. Shapes as
in ``attention``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from transgenic_dagster.model.attention import KeyValues

FIRST_CACHE_LENGTH = 64


def cache_length(tokens: int) -> int:
    """Columns of a self-attention cache that holds sentences of so many tokens."""
    columns = FIRST_CACHE_LENGTH
    while columns < tokens:
        columns = next_length(columns)
    return columns


def next_length(columns: int) -> int:
    """Columns of a self-attention cache after it has grown once."""
    return 2 * columns


@dataclass(frozen=True)
class CacheLayout:
    """Shape of a model's caches.

    Args:
        layers: decoder layers.
        heads: H.
        head_dim: channels per head.
        dtype: of keys and values.
        device: where they are.
    """

    layers: int
    heads: int
    head_dim: int
    dtype: torch.dtype
    device: torch.device

    def zeros(self, rows: int, length: int) -> KeyValues:
        """Room of one layer, (rows, H, length, hd).

        It holds zeros, since a masked position counts as zero times what is there: no NaN may lurk.
        """
        shape = (rows, self.heads, length, self.head_dim)
        keys = torch.zeros(shape, dtype=self.dtype, device=self.device)
        return KeyValues(keys, torch.zeros_like(keys))


class CrossAttentionCache:
    """Cross-attention keys and values of up to ``slots`` regions, for every layer.

    Args:
        layout: of the model's caches.
        slots: most regions at a time.
        length: encoder states S of each.
    """

    def __init__(self, layout: CacheLayout, slots: int, length: int) -> None:
        self.slots = slots
        self.regions = 0
        self._layers = [layout.zeros(slots, length) for _ in range(layout.layers)]

    def write(self, layer: int, first_slot: int, projected: KeyValues) -> None:
        """Write the keys and values of regions (B, H, S, hd) into the slots from ``first_slot``."""
        held = self._layers[layer]
        slots = slice(first_slot, first_slot + projected.keys.shape[0])
        held.keys[slots] = projected.keys
        held.values[slots] = projected.values

    def layer(self, layer: int, regions: int) -> KeyValues:
        """Keys and values of the first ``regions`` slots."""
        held = self._layers[layer]
        return KeyValues(held.keys[:regions], held.values[:regions])

    def release(self, slot: int) -> None:
        """Drop one region; the last one takes its slot."""
        self.regions -= 1
        if slot != self.regions:
            for held in self._layers:
                held.keys[slot] = held.keys[self.regions]
                held.values[slot] = held.values[self.regions]


_PROMPT = -1
"""Writer of the columns of a prompt, which the rows of a region share."""


class SelfAttentionCache:
    """Keys and values of the tokens written so far, for every layer and row.

    All rows write into the same column; a row that was admitted later starts at a later column, and
    a mask hides from it what stands before. Columns are taken in doubling steps, so that short
    sentences stay cheap, and those that no live row needs any more are given up first.

    Args:
        layout: of the model's caches.
        rows: most rows at a time.
        longest_prompt: most tokens that a row may have before its first step.
    """

    def __init__(self, layout: CacheLayout, rows: int, longest_prompt: int = 0) -> None:
        self.column = longest_prompt
        self.starts: list[int] = []
        """First column of each live row."""
        self.columns = cache_length(longest_prompt + 1)
        self._layout = layout
        self._rows = rows
        self._longest_prompt = longest_prompt
        self._layers = [self._room() for _ in range(layout.layers)]
        # Which row wrote a column of a row's history: rows share what stands before the first
        # column that differs, and need no copy of it when one continues the other.
        self._writers = torch.zeros(rows, self.columns, dtype=torch.int16)

    def admit(self, rows: int, prompt: Sequence[KeyValues] = ()) -> None:
        """Let new rows of one region start, at the present column or with a prompt before it.

        Args:
            rows: their number.
            prompt: keys and values of their first tokens, by layer, each (1, H, p, hd).
        """
        length = prompt[0].keys.shape[2] if prompt else 0
        live, first = len(self.starts), self.column - length
        self.starts += [first] * rows
        self._writers[live : live + rows, first : self.column] = _PROMPT
        for held, given in zip(self._layers, prompt, strict=False):
            held.keys[live : live + rows, :, first : self.column] = given.keys
            held.values[live : live + rows, :, first : self.column] = given.values

    def begin_step(self) -> None:
        """Make room for one more column."""
        if self.column == self.columns:
            self._make_room()
        live = len(self.starts)
        self._writers[:live, self.column] = torch.arange(live, dtype=torch.int16)
        self._first = min(self.starts)

    def positions(self, device: torch.device) -> torch.Tensor:
        """Position of each live row's next token in its sentence, (R, 1)."""
        return torch.tensor(
            [[self.column - start] for start in self.starts], device=device
        )  # (R, 1)

    def mask(self, device: torch.device) -> torch.Tensor | None:
        """Columns that each row may see, (R, 1, 1, length); None where all rows see all."""
        if all(start == self._first for start in self.starts):
            return None
        starts = torch.tensor(self.starts, device=device)
        columns = torch.arange(self._first, self.column + 1, device=device)
        return (columns >= starts[:, None])[:, None, None]  # (R, 1, 1, length)

    def append(self, layer: int, new: KeyValues) -> KeyValues:
        """Write one token's keys and values (R, H, 1, hd) and return all that rows may see."""
        held = self._layers[layer]
        live, end = len(self.starts), self.column + 1
        held.keys[:live, :, self.column : end] = new.keys
        held.values[:live, :, self.column : end] = new.values
        seen = slice(self._first, end)
        return KeyValues(held.keys[:live, :, seen], held.values[:live, :, seen])

    def end_step(self) -> None:
        """Count the column as written once every layer has appended to it."""
        self.column += 1

    def reorder(self, rows: torch.Tensor) -> None:
        """Let row i continue what row ``rows[i]``, (R,), has written."""
        parents = rows.tolist()
        targets = [row for row, parent in enumerate(parents) if row != parent]
        if not targets:
            return
        sources = [parents[row] for row in targets]
        theirs = self._writers[sources, : self.column]  # (targets, columns)
        differs = (theirs != self._writers[targets, : self.column]).any(dim=0)
        first = int(differs.int().argmax()) if differs.any() else self.column
        self._writers[targets, : self.column] = theirs
        if first == self.column:
            return
        to, from_ = (torch.tensor(some, device=self._layout.device) for some in (targets, sources))
        for held in self._layers:
            for cached in (held.keys, held.values):
                cached[to, :, first : self.column] = cached[from_, :, first : self.column]

    def release(self, first_row: int, rows: int) -> None:
        """Drop ``rows`` rows from ``first_row`` on; the last ones take their place."""
        last = len(self.starts) - rows
        if first_row != last:
            gone, moved = slice(first_row, first_row + rows), slice(last, last + rows)
            self.starts[gone] = self.starts[moved]
            self._writers[gone] = self._writers[moved]
            for held in self._layers:
                for cached in (held.keys, held.values):
                    cached[gone, :, : self.column] = cached[moved, :, : self.column]
        del self.starts[last:]

    def _make_room(self) -> None:
        """Give up columns before the first that a live row needs, else double the columns.

        The longest prompt always finds its place before the present column.
        """
        first = max(0, min(*self.starts, self.column - self._longest_prompt))
        if first < self.columns // 2:
            self.columns = next_length(self.columns)
        kept = slice(first, self.column)
        self.column -= first
        self.starts = [start - first for start in self.starts]
        writers = torch.zeros(self._rows, self.columns, dtype=torch.int16)
        writers[:, : self.column] = self._writers[:, kept]
        self._writers = writers
        for layer, held in enumerate(self._layers):
            room = self._layers[layer] = self._room()
            room.keys[:, :, : self.column] = held.keys[:, :, kept]
            room.values[:, :, : self.column] = held.values[:, :, kept]

    def _room(self) -> KeyValues:
        return self._layout.zeros(self._rows, self.columns)
