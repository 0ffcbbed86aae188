import torch

from transgenic_dagster.model.attention import KeyValues
from transgenic_dagster.model.caches import CacheLayout
from transgenic_dagster.model.shared_history_cache import SharedHistoryCache

HEADS, CHANNELS = 2, 4


def cache(rows, num_beams, device="cpu"):
    layout = CacheLayout(1, HEADS, CHANNELS, torch.float32, torch.device(device))
    return SharedHistoryCache(layout, rows, num_beams)


def write(held, values):
    """Let each live row write its value, in every channel; what each row then sees, in order."""
    held.begin_step()
    column = torch.tensor([held.column])
    new = torch.tensor(values, dtype=torch.float)[:, None, None, None].expand(
        -1, HEADS, 1, CHANNELS
    )
    keys = held.append(column, 0, KeyValues(new, new)).keys[:, 0, :, 0]  # (B, g * C)
    mask = held.mask(column, held.starts[: len(keys)])[:, 0]  # (B, g, g * C)
    held.end_step()
    seen = [
        [
            (index % held.columns, int(keys[region, index]))
            for index in row.nonzero().flatten().tolist()
        ]
        for region, rows in enumerate(mask)
        for row in rows
    ]
    return [[value for _, value in sorted(row)] for row in seen]


def test_a_row_sees_what_the_rows_before_it_wrote():
    held = cache(4, 2)
    held.admit(4)
    assert write(held, [1, 2, 3, 4]) == [[1], [2], [3], [4]]
    held.reorder(torch.tensor([1, 1, 3, 2]))
    assert write(held, [5, 6, 7, 8]) == [[2, 5], [2, 6], [4, 7], [3, 8]]
    held.reorder(torch.tensor([1, 0, 2, 2]))
    assert write(held, [9, 10, 11, 12]) == [[2, 6, 9], [2, 5, 10], [4, 7, 11], [4, 7, 12]]


def test_a_region_that_takes_a_place_brings_its_history_and_a_new_one_has_none():
    held = cache(4, 2)
    held.admit(4)
    write(held, [1, 2, 3, 4])
    held.reorder(torch.tensor([0, 0, 3, 2]))
    write(held, [5, 6, 7, 8])
    held.release(0, 2)
    held.admit(2)
    assert write(held, [9, 10, 11, 12]) == [[4, 7, 9], [3, 8, 10], [11], [12]]


def test_histories_survive_when_the_cache_grows():
    held = cache(2, 2)
    held.admit(2)
    for value in range(100):
        seen = write(held, [value, 1000 + value])
        held.reorder(torch.tensor([0, 0] if value % 30 == 29 else [0, 1]))
    assert held.moves == 1
    assert seen == [list(range(100)), [*range(90), *range(1090, 1100)]]


def test_nothing_is_read_back():
    """On the meta device there is nothing to read, and what tries to is an error."""
    held = cache(4, 2, "meta")
    held.admit(4)
    new = torch.zeros(4, HEADS, 1, CHANNELS, device="meta")
    column = torch.zeros(1, dtype=torch.long, device="meta")
    held.begin_step()
    held.append(column, 0, KeyValues(new, new))
    held.mask(column, held.starts)
    held.reorder(torch.zeros(4, dtype=torch.long, device="meta"))
    held.release(0, 2)
