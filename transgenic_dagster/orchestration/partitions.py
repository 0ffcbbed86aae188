"""Partitions: assemblies, and the chromosomes of each; both come and go while Dagster runs.

    demo, barley, …                               sorted_gff, region_db, merged_gff3, reject_report
    demo|Chr1, demo|unplaced-01, barley|Chr2H …   predictions

Dagster knows the two dimensions of ``predictions`` one by one, so it also lists pairs that do not
exist (``barley|Chr1``): nothing requests them, and their runs end at once.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dagster as dg

ASSEMBLY = "assembly"
CHROMOSOME = "chromosome"
SEPARATOR = "|"


@contextmanager
def early_parts() -> Iterator[None]:
    """Use parts of Dagster 1.13 that it calls beta or preview, without its warnings."""
    with warnings.catch_warnings():
        for kind in (dg.BetaWarning, dg.PreviewWarning):
            warnings.simplefilter("ignore", kind)
        yield


ASSEMBLIES = dg.DynamicPartitionsDefinition(name=ASSEMBLY)
CHROMOSOMES = dg.DynamicPartitionsDefinition(name=CHROMOSOME)
PAIRS = dg.MultiPartitionsDefinition({ASSEMBLY: ASSEMBLIES, CHROMOSOME: CHROMOSOMES})
with early_parts():
    BY_ASSEMBLY = dg.MultiToSingleDimensionPartitionMapping(ASSEMBLY)


def pair_key(assembly: str, chromosome: str) -> str:
    """Partition key of a chromosome."""
    return f"{assembly}{SEPARATOR}{chromosome}"


def split_key(key: str) -> tuple[str, str]:
    """Assembly and chromosome of a partition key; no chromosome for the key of an assembly."""
    # Names of assemblies have no separator in them.
    assembly, _, chromosome = key.partition(SEPARATOR)
    return assembly, chromosome


def chromosomes_by_assembly(keys: Iterable[str]) -> dict[str, list[str]]:
    """Chromosomes of some pairs, by assembly."""
    found: dict[str, list[str]] = {}
    for assembly, chromosome in map(split_key, keys):
        found.setdefault(assembly, []).append(chromosome)
    return found
