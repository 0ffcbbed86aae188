"""Files of a lifted annotation: places as GFF3, all old genes as a table, those without a place.

The GFF3 has gene rows alone, for a run to start from as from any annotation. A row keeps the
attributes of the old one. ``identity`` and ``coverage`` are shares from 0 to 1, ``copies`` counts
the gene's places, ``lifted_from`` is where the gene lies in the old assembly.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from transgenic_dagster.input_genes.gene import SkippedInput
from transgenic_dagster.input_genes.gff3 import encode_attribute, encode_seqid
from transgenic_dagster.lifting.lift import Lifted
from transgenic_dagster.lifting.queries import OldGene, Place
from transgenic_dagster.reject_reason import RejectReason
from transgenic_dagster.sequences.natural_order import natural_key
from transgenic_dagster.system.atomic_files import atomic_write

COLUMNS = (
    *("gene_id", "outcome", "seqid", "start", "end", "strand", "identity", "coverage", "copies"),
    *("old_seqid", "old_start", "old_end", "old_strand", "explanation"),
)
LIFTED, EXTRA_COPY = "lifted", "extra_copy"
SOURCE = "lifted"
"""Column 2 of the GFF3."""
_NOT_CARRIED = ("ID", "Parent")


class _Row(NamedTuple):
    """A gene at a place.

    Args:
        gene_id: its identifier in the new assembly.
        number: of the old gene.
        place: where it lies.
        is_copy: whether this is an extra copy.
    """

    gene_id: str
    number: int
    place: Place
    is_copy: bool


def write_lifted(
    lifted: Lifted, gff3: Path, table: Path, skipped: Path, made_from: Mapping[str, str]
) -> None:
    """Write the files.

    Args:
        lifted: what was found.
        gff3: the lifted annotation.
        table: one row for each gene of the old annotation and each extra copy; positions 1-based,
            both ends included.
        skipped: what did not become a gene of the GFF3, for ``read_not_lifted``.
        made_from: facts by name, for the GFF3's header.
    """
    seqids = list(lifted.lengths)
    rows = list(_rows(lifted))
    copies = Counter(row.number for row in rows)
    left_out = [*lifted.skipped, *_not_lifted(lifted)]
    with atomic_write(skipped) as handle:
        json.dump([dataclasses.asdict(one) for one in left_out], handle)
    with atomic_write(table) as handle:
        handle.write("\t".join(COLUMNS) + "\n")
        for row in rows:
            values = _table_row(lifted.genes[row.number], row, seqids, copies[row.number])
            handle.write("\t".join(values) + "\n")
        for one in left_out:
            if one.is_gene:
                handle.write("\t".join(_table_row_without_place(one)) + "\n")
    with atomic_write(gff3) as handle:
        handle.write("##gff-version 3\n")
        handle.writelines(f"#!{name} {value}\n" for name, value in made_from.items())
        for row in sorted(rows, key=lambda row: _position(row, seqids)):
            gene = lifted.genes[row.number]
            handle.write(_gff3_row(gene, row, seqids, copies[row.number]) + "\n")


def read_not_lifted(skipped: Path) -> list[SkippedInput]:
    """Read what of the old annotation did not become a gene of the lifted one, and why."""
    return [SkippedInput(**one) for one in json.loads(skipped.read_text(encoding="utf-8"))]


def _rows(lifted: Lifted) -> Iterator[_Row]:
    """Yield places in the order of the old genes, a gene's own before its copies."""
    names = {old.gene.gene_id for old in lifted.genes}
    of_gene: dict[int, list[Place]] = {}
    for number, place in lifted.assignment.copies:
        of_gene.setdefault(number, []).append(place)
    for number, old in enumerate(lifted.genes):
        if number not in lifted.assignment.places:
            continue
        yield _Row(old.gene.gene_id, number, lifted.assignment.places[number], is_copy=False)
        count = 1
        for place in of_gene.get(number, []):
            while (name := f"{old.gene.gene_id}_copy{count}") in names:
                count += 1
            names.add(name)
            yield _Row(name, number, place, is_copy=True)


def _position(row: _Row, seqids: Sequence[str]) -> tuple[object, ...]:
    place = row.place
    return natural_key(seqids[place.target]), place.start, place.end, row.gene_id


def _not_lifted(lifted: Lifted) -> Iterator[SkippedInput]:
    for number, old in enumerate(lifted.genes):
        if number in lifted.assignment.places:
            continue
        gene = old.gene
        where = f"{lifted.annotation}, line {gene.line}" if gene.line else lifted.annotation
        detail = f"{where}: gene {gene.gene_id} is not lifted because {_why(lifted, number)}."
        yield SkippedInput.of_gene(gene, RejectReason.NOT_LIFTED, detail)


def _why(lifted: Lifted, number: int) -> str:
    if number in lifted.missing:
        return lifted.missing[number]
    share = f"{100 * lifted.best[number]:.0f}%"
    if (owner := lifted.assignment.taken.get(number)) is not None:
        return f"the place that has {share} of it is that of {lifted.genes[owner].gene.gene_id}"
    if not lifted.best[number]:
        return "nothing in the new genome is like it"
    return f"no place in the new genome has more than {share} of it"


def _gff3_row(old: OldGene, row: _Row, seqids: Sequence[str], copies: int) -> str:
    place, gene = row.place, old.gene
    carried = [
        part.strip()
        for part in old.attributes.split(";")
        if part.strip() and part.partition("=")[0].strip() not in _NOT_CARRIED
    ]
    attributes = [
        f"ID={encode_attribute(row.gene_id)}",
        *carried,
        f"lifted_from={encode_attribute(f'{gene.seqid}:{gene.start + 1}-{gene.end}')}",
        f"identity={place.identity:.4f}",
        f"coverage={place.coverage:.4f}",
        f"copies={copies}",
    ]
    seqid, start = encode_seqid(seqids[place.target]), str(place.start + 1)
    columns = (seqid, SOURCE, old.feature_type, start, str(place.end), ".", place.strand, ".")
    return "\t".join((*columns, ";".join(attributes)))


def _table_row(old: OldGene, row: _Row, seqids: Sequence[str], copies: int) -> tuple[str, ...]:
    place, gene = row.place, old.gene
    return (
        encode_attribute(row.gene_id),
        EXTRA_COPY if row.is_copy else LIFTED,
        encode_attribute(seqids[place.target]),
        *(str(place.start + 1), str(place.end), place.strand),
        *(f"{place.identity:.4f}", f"{place.coverage:.4f}", str(copies)),
        *(encode_attribute(gene.seqid), str(gene.start + 1), str(gene.end), gene.strand),
        f"a copy of {encode_attribute(gene.gene_id)}" if row.is_copy else ".",
    )


def _table_row_without_place(one: SkippedInput) -> tuple[str, ...]:
    is_placed = one.gene_start >= 0
    return (
        encode_attribute(one.gene_id) or ".",
        one.reason,
        *[".", ".", ".", ".", ".", ".", "0"],
        encode_attribute(one.seqid) or ".",
        *((str(one.gene_start + 1), str(one.gene_end)) if is_placed else (".", ".")),
        one.strand,
        " ".join(one.detail.split()),
    )
