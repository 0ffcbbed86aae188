"""Finds the rows of some genes, with all that descends from them, in a sorted annotation.

A row belongs to what its ``Parent`` names on the same sequence; where several features have that
ID, to the last that begins no later than itself, else to the first, as when the file was sorted.
Rows that are genes themselves are nobody's descendants. Nothing is kept of rows of other genes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_Id = tuple[str, str]
"""Sequence and ID, both as written."""


class FamilyRow(NamedTuple):
    """Where a row of a gene is found.

    Args:
        number: its row in the file, from 0, comments not counted.
        offset: its first byte in the file.
        parents: numbers of the rows of the family that are its parents; empty for the gene.
    """

    number: int
    offset: int
    parents: tuple[int, ...]


class _Row(NamedTuple):
    number: int
    offset: int
    seqid: str
    kind: str
    start: int
    identifier: str
    parent_ids: Sequence[str]


@dataclass
class _Level:
    """What one reading of the file finds about the features found before."""

    holders: dict[_Id, list[tuple[int, int]]] = field(default_factory=dict)
    children: list[_Row] = field(default_factory=list)

    def parent(self, child: _Row, parent_id: str) -> int:
        """Return the row that a child means by an ID."""
        holders = self.holders[child.seqid, parent_id]
        earlier = [holder for holder in holders if holder[0] <= child.start]
        if not earlier:
            return min(holders)[1]
        last_start = max(earlier)[0]
        return min(number for start, number in earlier if start == last_start)


def find_families(
    sorted_gff: Path, genes: Mapping[str, int], gene_types: Collection[str]
) -> dict[str, list[FamilyRow]]:
    """Find the rows of some genes; the file is read once for each level of features.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote.
        genes: row of each wanted gene (``Gene.row``).
        gene_types: types of rows (column 3) that are genes.

    Returns:
        The rows of each gene: parents before children, else in the order of the file.
    """
    gene_of_row = {number: name for name, number in genes.items()}
    families: dict[str, dict[int, FamilyRow]] = {name: {} for name in genes}
    families_of: dict[int, list[str]] = {}
    wanted: set[_Id] = set()
    for row in _rows(sorted_gff):
        if name := gene_of_row.get(row.number):
            families[name][row.number] = FamilyRow(row.number, row.offset, ())
            families_of[row.number] = [name]
            wanted.add((row.seqid, row.identifier))
    wanted = {key for key in wanted if key[1]}
    while wanted:
        level = _read_level(sorted_gff, wanted, gene_types)
        wanted = set()
        found: dict[int, list[str]] = {}
        for row in level.children:
            if row.number in families_of:
                continue
            parents = [
                level.parent(row, parent_id)
                for parent_id in row.parent_ids
                if (row.seqid, parent_id) in level.holders
            ]
            names = dict.fromkeys(name for one in parents for name in families_of.get(one, []))
            for name in names:
                own_parents = dict.fromkeys(one for one in parents if one in families[name])
                families[name][row.number] = FamilyRow(row.number, row.offset, (*own_parents,))
            if names:
                found[row.number] = list(names)
                wanted.add((row.seqid, row.identifier))
        families_of |= found
        wanted = {key for key in wanted if key[1]}
    return {name: _parents_first(family) for name, family in families.items()}


def _read_level(sorted_gff: Path, wanted: set[_Id], gene_types: Collection[str]) -> _Level:
    level = _Level()
    for row in _rows(sorted_gff):
        key = row.seqid, row.identifier
        if key in wanted:
            level.holders.setdefault(key, []).append((row.start, row.number))
        if row.kind not in gene_types and any(
            (row.seqid, parent_id) in wanted for parent_id in row.parent_ids
        ):
            level.children.append(row)
    return level


def _parents_first(family: Mapping[int, FamilyRow]) -> list[FamilyRow]:
    """Return rows by depth; children come right after the last of their parents."""
    paths: dict[int, tuple[int, ...]] = {}

    def path(number: int) -> tuple[int, ...]:
        if number not in paths:
            last_parent = max((path(parent) for parent in family[number].parents), default=())
            paths[number] = (*last_parent, number)
        return paths[number]

    return sorted(family.values(), key=lambda row: path(row.number))


def _rows(sorted_gff: Path) -> Iterator[_Row]:
    offset, number = 0, 0
    with sorted_gff.open("rb") as file:
        for line in file:
            if not line.startswith(b"#"):
                seqid, _, kind, start, *_, attributes = line.decode().rstrip("\n").split("\t")
                identifier = raw_attribute(attributes, "ID")
                parents = raw_attribute(attributes, "Parent")
                yield _Row(number, offset, seqid, kind, int(start), identifier, parents.split(","))
                number += 1
            offset += len(line)


def raw_attribute(column: str, key: str) -> str:
    """Return an attribute of column 9 as written, empty where it is absent."""
    if key not in column:
        return ""
    for part in column.split(";"):
        name, _, value = part.partition("=")
        if name.strip(" ") == key:
            return value.strip(" ")
    return ""
