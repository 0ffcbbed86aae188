"""Partitions: assemblies, and pieces of assemblies, as the registry lists them."""

from dataclasses import dataclass

import dagster as dg

from transgenic_dagster.lab.registry import Registry

SEPARATOR = "|"


def piece_key(assembly: str, piece: str) -> str:
    """Partition key of a piece."""
    return f"{assembly}{SEPARATOR}{piece}"


def split_piece_key(key: str) -> tuple[str, str]:
    """Assembly and piece of a partition key; the piece is empty for the key of an assembly."""
    # Names of assemblies have no separator in them.
    assembly, _, piece = key.partition(SEPARATOR)
    return assembly, piece


@dataclass(frozen=True)
class Partitions:
    """Partitions of a registry, and the mappings between them.

    Args:
        assemblies: one partition per assembly.
        pieces: one partition per piece.
        pieces_from_assembly: mapping of an assembly to its pieces.
        assembly_from_pieces: mapping of a piece to its assembly.
    """

    assemblies: dg.StaticPartitionsDefinition
    pieces: dg.StaticPartitionsDefinition
    pieces_from_assembly: dg.StaticPartitionMapping
    assembly_from_pieces: dg.StaticPartitionMapping


def make_partitions(registry: Registry) -> Partitions:
    """Make the partitions of all assets from the registry."""
    by_assembly = {
        name: [piece_key(name, piece) for piece in entry.pieces] for name, entry in registry.items()
    }
    by_piece = {key: name for name, keys in by_assembly.items() for key in keys}
    return Partitions(
        assemblies=dg.StaticPartitionsDefinition(list(by_assembly)),
        pieces=dg.StaticPartitionsDefinition(list(by_piece)),
        pieces_from_assembly=dg.StaticPartitionMapping(by_assembly),
        assembly_from_pieces=dg.StaticPartitionMapping(by_piece),
    )
