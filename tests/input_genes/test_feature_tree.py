import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transgenic_dagster.input_genes.feature_tree import depth_first_positions


def order(parent: list[int]) -> list[int]:
    positions = depth_first_positions(np.array(parent, dtype=np.int64))
    return [int(node) for node in np.argsort(positions)]


def walk(parent: list[int]) -> list[int]:
    """List the features the plain way: recursively, siblings by number."""
    children: dict[int, list[int]] = {}
    for node, above in enumerate(parent):
        children.setdefault(above, []).append(node)

    def visit(node: int) -> list[int]:
        return [node, *(n for child in children.get(node, []) for n in visit(child))]

    return [n for root in children.get(-1, []) for n in visit(root)]


@st.composite
def forests(draw: st.DrawFn) -> list[int]:
    size = draw(st.integers(0, 30))
    shuffled = draw(st.permutations(range(size)))
    parent = [-1] * size
    for place, node in enumerate(shuffled):
        above = draw(st.integers(-1, place - 1))
        parent[node] = -1 if above < 0 else shuffled[above]
    return parent


@given(forests())
def test_children_follow_their_parents_in_the_order_of_siblings(parent: list[int]) -> None:
    assert order(parent) == walk(parent)


@given(
    st.integers(1, 20).flatmap(lambda n: st.lists(st.integers(-1, n - 1), min_size=n, max_size=n))
)
def test_every_feature_has_its_place_even_in_circles(parent: list[int]) -> None:
    assert sorted(order(parent)) == list(range(len(parent)))


def test_circles_are_broken_up() -> None:
    assert order([0, -1, 3, 2]) == [0, 1, 2, 3]


def test_endless_nesting_ends() -> None:
    assert sorted(order([-1, *range(999)])) == list(range(1000))
