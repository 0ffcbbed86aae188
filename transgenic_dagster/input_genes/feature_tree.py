"""The order of features in which children follow their parents."""

import numpy as np
import numpy.typing as npt

_MAX_DEPTH = 100

Integers = npt.NDArray[np.int64]


def depth_first_positions(parent: Integers) -> Integers:
    """Return the position of each feature when children are listed under their parents.

    Features are numbered by the order in which siblings, and features without a parent, are to
    appear. Features that are their own ancestors, or nested more than 100 deep, are treated as if
    they had no parent.

    Args:
        parent: number of each feature's parent, -1 for none; shape (n,).

    Returns:
        0-based position of each feature, a permutation of 0..n-1; shape (n,).
    """
    count = parent.size
    levels = _levels(parent)
    subtree_size = np.ones(count, dtype=np.int64)
    for level in reversed(levels[1:]):
        np.add.at(subtree_size, parent[level], subtree_size[level])
    position = np.empty(count, dtype=np.int64)
    position[levels[0]] = np.cumsum(subtree_size[levels[0]]) - subtree_size[levels[0]]
    for level in levels[1:]:
        siblings = level[np.argsort(parent[level], kind="stable")]
        sizes = subtree_size[siblings]
        before = np.cumsum(sizes) - sizes
        eldest = np.flatnonzero(np.diff(parent[siblings], prepend=-1))
        families = np.diff(eldest, append=siblings.size)
        position[siblings] = (
            position[parent[siblings]] + 1 + before - np.repeat(before[eldest], families)
        )
    return position


def _levels(parent: Integers) -> list[Integers]:
    """Return the features by depth: those without a parent, their children, and so on."""
    placed = parent < 0
    levels = [np.flatnonzero(placed)]
    waiting = np.flatnonzero(~placed)
    while len(levels) < _MAX_DEPTH and (ready := placed[parent[waiting]]).any():
        levels.append(waiting[ready])
        placed[waiting[ready]] = True
        waiting = waiting[~ready]
    levels[0] = np.sort(np.concatenate((levels[0], waiting)))
    return levels
