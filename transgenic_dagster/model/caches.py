"""What decoding remembers: each region's memory, and the tokens that each row has written.

Both hold regions in slots. Regions enter behind those that are there; when some leave, the last
ones take their places, so that the live ones are always the first. Shapes as in ``attention``.
"""

from collections.abc import Sequence

import torch

from transgenic_dagster.model.attention import KeyValues

FIRST_CACHE_LENGTH = 64


class MemoryBank:
    """Cross-attention keys and values of up to ``slots`` regions, for every layer."""

    def __init__(self, slots: int, layers: int) -> None:
        self.regions = 0
        self._slots = slots
        self._layers: list[KeyValues | None] = [None] * layers

    def fill(self, layer: int, first_slot: int, projected: KeyValues) -> None:
        """Write the keys and values of regions (B, H, S, hd) into the slots from ``first_slot``."""
        held = self._layers[layer]
        if held is None:
            held = self._layers[layer] = _empty_bank(self._slots, projected)
        slots = slice(first_slot, first_slot + projected.keys.shape[0])
        held.keys[slots] = projected.keys
        held.values[slots] = projected.values

    def layer(self, layer: int) -> KeyValues:
        """Keys and values of the live regions."""
        held = self._layers[layer]
        if held is None:
            raise IndexError(f"layer {layer} holds no memory")
        return KeyValues(held.keys[: self.regions], held.values[: self.regions])

    def leave(self, slot: int) -> None:
        """Drop one region; the last one takes its slot."""
        self.regions -= 1
        for held in self._layers:
            if held is not None and slot != self.regions:
                held.keys[slot] = held.keys[self.regions]
                held.values[slot] = held.values[self.regions]


def _empty_bank(slots: int, like: KeyValues) -> KeyValues:
    _, heads, length, head_dim = like.keys.shape
    values = like.values.new_zeros(slots, heads, length, head_dim)
    if values.device.type == "cpu":
        return KeyValues(like.keys.new_zeros(slots, heads, head_dim, length).mT, values)
    return KeyValues(torch.zeros_like(values), values)


class SelfAttentionCache:
    """Keys and values of the tokens written so far, for every layer and row.

    All rows write into the same column; a row that entered later starts at a later column, and
    a mask hides from it what stands before. Columns are taken in doubling steps, so that short
    sentences stay cheap, and those that no live row needs any more are given up first.

    Args:
        rows: most rows at a time.
        layers: number of layers.
    """

    def __init__(self, rows: int, layers: int) -> None:
        self.column = 0
        self.starts: list[int] = []
        """First column of each live row."""
        self._rows = rows
        self._layers: list[KeyValues | None] = [None] * layers
        self._capacity = FIRST_CACHE_LENGTH
        # Which row wrote a column of a row's history: rows share what stands before the first
        # column that differs, and need no copy of it when one continues the other.
        self._writers = torch.zeros(rows, self._capacity, dtype=torch.int16)

    def enter(self, rows: int) -> None:
        """Let new rows start at the present column."""
        self.starts += [self.column] * rows

    def begin_step(self) -> None:
        """Make room for one more column."""
        if self.column == self._capacity:
            self._make_room()
        live = len(self.starts)
        self._writers[:live, self.column] = torch.arange(live, dtype=torch.int16)
        self._first = min(self.starts)

    def positions(self, device: torch.device) -> torch.Tensor:
        """Position of each live row's next token in its sentence, (R, 1)."""
        return torch.tensor([[self.column - start] for start in self.starts], device=device)

    def mask(self, device: torch.device) -> torch.Tensor | None:
        """Columns that each row may see, (R, 1, 1, length); None where all rows see all."""
        if all(start == self._first for start in self.starts):
            return None
        starts = torch.tensor(self.starts, device=device)
        columns = torch.arange(self._first, self.column + 1, device=device)
        return (columns >= starts[:, None])[:, None, None]

    def append(self, layer: int, new: KeyValues) -> KeyValues:
        """Write one token's keys and values (R, H, 1, hd) and return all that rows may see."""
        held = self._layers[layer]
        if held is None:
            held = self._layers[layer] = KeyValues(self._room(new.keys), self._room(new.values))
        live, end = len(self.starts), self.column + 1
        held.keys[:live, :, self.column : end] = new.keys
        held.values[:live, :, self.column : end] = new.values
        seen = slice(self._first, end)
        return KeyValues(held.keys[:live, :, seen], held.values[:live, :, seen])

    def end_step(self) -> None:
        """Count the column as written once every layer has appended to it."""
        self.column += 1

    def continue_rows(self, parents: Sequence[int]) -> None:
        """Let row i continue what row ``parents[i]`` has written."""
        targets = [row for row, parent in enumerate(parents) if row != parent]
        if not targets:
            return
        sources = [parents[row] for row in targets]
        theirs = self._writers[sources, : self.column]
        differs = (theirs != self._writers[targets, : self.column]).any(dim=0)
        first = int(differs.int().argmax()) if differs.any() else self.column
        self._writers[targets, : self.column] = theirs
        if first == self.column:
            return
        for held in self._layers:
            for cached in (held.keys, held.values) if held else ():
                to, from_ = (
                    torch.tensor(rows, device=cached.device) for rows in (targets, sources)
                )
                cached[to, :, first : self.column] = cached[from_, :, first : self.column]

    def leave(self, first_row: int, rows: int) -> None:
        """Drop ``rows`` rows from ``first_row`` on; the last ones take their place."""
        last = len(self.starts) - rows
        if first_row != last:
            gone, moved = slice(first_row, first_row + rows), slice(last, last + rows)
            self.starts[gone] = self.starts[moved]
            self._writers[gone] = self._writers[moved]
            for held in self._layers:
                for cached in (held.keys, held.values) if held else ():
                    cached[gone, :, : self.column] = cached[moved, :, : self.column]
        del self.starts[last:]

    def _make_room(self) -> None:
        """Give up columns before the first that a live row needs, else double the columns."""
        first = min(self.starts)
        old = self._layers
        if first < self._capacity // 2:
            self._capacity *= 2
        kept = slice(first, self.column)
        self.column -= first
        self.starts = [start - first for start in self.starts]
        writers = torch.zeros(self._rows, self._capacity, dtype=torch.int16)
        writers[:, : self.column] = self._writers[:, kept]
        self._writers = writers
        for layer, held in enumerate(old):
            if held is not None:
                keys, values = self._room(held.keys), self._room(held.values)
                keys[:, :, : self.column] = held.keys[:, :, kept]
                values[:, :, : self.column] = held.values[:, :, kept]
                self._layers[layer] = KeyValues(keys, values)

    def _room(self, like: torch.Tensor) -> torch.Tensor:
        # Zeros, since a masked position counts as zero times what is there: no NaN may lurk.
        return like.new_zeros(self._rows, like.shape[1], self._capacity, like.shape[3])
