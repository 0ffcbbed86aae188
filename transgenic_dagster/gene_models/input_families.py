"""Finds the rows of some genes, with all that descends from them, in a sorted annotation.

A row belongs to what its ``Parent`` names on the same sequence; where several features have that
ID, to the last that begins no later than itself, else to the first, as when the file was sorted.
Rows that are genes themselves are nobody's descendants. Nothing is kept of rows of other genes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from transgenic_dagster.input_genes.gff3 import attribute

_Id = tuple[bytes, bytes]
"""Sequence and ID, both as written."""


class FamilyRow(NamedTuple):
    """Place of a row of a gene.

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
    seqid: bytes
    start: int
    identifier: bytes
    parent_ids: Sequence[bytes]


@dataclass
class _Level:
    """Findings of one reading of the file about the features found before."""

    holders: dict[_Id, list[tuple[int, int]]] = field(default_factory=dict)
    children: list[_Row] = field(default_factory=list)

    def parent(self, child: _Row, parent_id: bytes) -> int:
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
    for number, offset, line in _lines(sorted_gff):
        if number in gene_of_row:
            name = gene_of_row[number]
            families[name][number] = FamilyRow(number, offset, ())
            families_of[number] = [name]
            columns = line.split(b"\t")
            wanted.add((columns[0], attribute(columns[8], b"ID=")))
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
    genes = {kind.encode() for kind in gene_types}
    for number, offset, line in _lines(sorted_gff):
        seqid, _, kind, start, _, _, _, _, column = line.split(b"\t")
        identifier = attribute(column, b"ID=")
        if (seqid, identifier) in wanted:
            level.holders.setdefault((seqid, identifier), []).append((int(start), number))
        parents = attribute(column, b"Parent=").split(b",")
        if any((seqid, parent) in wanted for parent in parents) and kind not in genes:
            level.children.append(_Row(number, offset, seqid, int(start), identifier, parents))
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


def _lines(sorted_gff: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield each row's number, first byte and text."""
    offset, number = 0, 0
    with sorted_gff.open("rb") as file:
        for line in file:
            if line[:1] != b"#":
                yield number, offset, line
                number += 1
            offset += len(line)
