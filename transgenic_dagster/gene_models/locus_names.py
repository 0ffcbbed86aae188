"""Names of genes along the chromosomes, such as ``ATX1_01g000010`` (``--locus_prefix``).

A name is the prefix, ``_``, a code for the sequence, ``g`` and a number of six digits in steps of
ten. The code of a chromosome is its number of two digits with its letter, if it has one (``Chr1``
01, ``chr1A`` 01A, ``LG12`` 12), or its letter (``ChrC`` C); all other sequences share the code
``U``, and their genes one series of numbers.

Every region has its name, with a gene model or not: the same input gives the same names, whatever
the model makes of it. Names of an earlier output stay with their input genes; a new gene gets a
number between those of its neighbours, or where there is no room, or no neighbour behind it, one
after all others.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from transgenic_dagster.errors import InputError
from transgenic_dagster.gene_models.gff3_writer import GENE, LOCUS_TAG
from transgenic_dagster.input_genes.gff3 import parse_attributes
from transgenic_dagster.regions.region import Region
from transgenic_dagster.system.output_files import read_output

_STEP: Final = 10
_OTHER_SEQUENCES = "U"
_CHROMOSOME = re.compile(
    r"(?:chromosome|chrom|chr|linkage_?group|lg)?[_-]?0*([1-9][0-9]{0,2})([a-z]?)", re.IGNORECASE
)
_LETTER = re.compile(r"(?:chromosome|chrom|chr)[_-]?([a-z])", re.IGNORECASE)


def locus_names(
    regions: Iterable[Region], prefix: str, earlier: Mapping[str, str]
) -> dict[str, str]:
    """Return a name for every region, by its input gene; no name is given twice.

    Args:
        regions: in the order of the gene list.
        prefix: beginning of all names.
        earlier: names that genes have already.
    """
    by_code: dict[str, list[str]] = {}
    for region in regions:
        by_code.setdefault(sequence_code(region.seqid), []).append(region.gene_id)
    names: dict[str, str] = {}
    for code, gene_ids in by_code.items():
        series = f"{prefix}_{code}g"
        known = [_number(earlier.get(gene_id, ""), series) for gene_id in gene_ids]
        reserved = (_number(name, series) for name in earlier.values())
        taken = {number for number in reserved if number is not None}
        for gene_id, number in zip(gene_ids, _numbered(known, taken), strict=True):
            names[gene_id] = f"{series}{number:06d}"
        # A name of another form, or for another sequence, stays, too.
        names |= {one: earlier[one] for one in gene_ids if one in earlier}
    return names


def sequence_code(seqid: str) -> str:
    """Return what names say of the sequence."""
    if match := _CHROMOSOME.fullmatch(seqid):
        return f"{int(match[1]):02d}{match[2].upper()}"
    if match := _LETTER.fullmatch(seqid):
        return match[1].upper()
    return _OTHER_SEQUENCES


def read_earlier_names(gff3: Path) -> dict[str, str]:
    """Return the names that an output gives to genes, by their input gene.

    Raises:
        InputError: the file has no such names.
    """
    names: dict[str, str] = {}
    try:
        with read_output(gff3) as lines:
            for line in lines:
                columns = line.rstrip("\n").split("\t")
                if len(columns) == 9 and columns[2] == GENE:
                    attributes = parse_attributes(columns[8])
                    gene_id = attributes.get("GM") or attributes.get("gm")
                    if gene_id and LOCUS_TAG in attributes:
                        names[gene_id] = attributes[LOCUS_TAG]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--names_from: {gff3} cannot be read ({error}).") from error
    if not names:
        raise InputError(
            f"--names_from: {gff3} has no gene with the attributes GM (or gm) and {LOCUS_TAG}; "
            "name an output that was made with --locus_prefix."
        )
    if len(set(names.values())) < len(names):
        raise InputError(f"--names_from: {gff3} gives one name to several genes; correct it.")
    return names


def _number(name: str, series: str) -> int | None:
    """Return the number of a name, None where it is of another series."""
    number = name.removeprefix(series)
    return int(number) if name.startswith(series) and number.isdecimal() else None


def _numbered(known: Sequence[int | None], taken: set[int]) -> list[int]:
    """Return a number for every gene of a series, those that are known as they are.

    Args:
        known: numbers of genes in order, None of new genes.
        taken: all numbers that are in use.
    """
    numbers: list[int] = []
    last = max(taken, default=0)
    for is_new, run in groupby(known, key=lambda number: number is None):
        genes = list(run)
        if not is_new:
            numbers += [number for number in genes if number is not None]
            continue
        begin, end = len(numbers), len(numbers) + len(genes)
        before = numbers[-1] if numbers else 0
        after = known[end] if end < len(known) else None
        room = 0 if after is None else after - before
        for place in range(1, end - begin + 1):
            number = before + room * place // (len(genes) + 1)
            if room <= len(genes) or number in taken:
                number = last = (last // _STEP + 1) * _STEP
            taken.add(number)
            numbers.append(number)
    return numbers
