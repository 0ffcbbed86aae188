"""Attributes that predicted genes take over from their input genes (``--keep_attributes``).

The product goes to mRNA and CDS rows, where archives want it, all others to the gene's row.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from transgenic_dagster.gene_models.gff3_writer import PRODUCT
from transgenic_dagster.gene_models.kept_input import parse_column
from transgenic_dagster.input_genes.feature_types import TRANSCRIPT_PATTERN

GENE_ATTRIBUTES: Final = ("Name", "Note", "Dbxref", "Alias")
"""Those of the gene's own row."""

_TRANSCRIPT = re.compile(TRANSCRIPT_PATTERN)
_Key = tuple[str, str]
"""Sequence and ID, as written."""


def read_input_attributes(
    sorted_gff: Path, rows: Mapping[int, str]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the attributes of each gene that has any, by name of the gene; values as written.

    The product is that of the gene's own row, else that of its first transcript which has one, on
    the row of the transcript or of its parts.

    Args:
        sorted_gff: a file that ``sort_annotation`` wrote.
        rows: identifier of each wanted gene, by the number of its row.
    """
    found: dict[str, dict[str, str]] = {}
    keys: dict[str, _Key] = {}
    products: dict[_Key, str] = {}
    children: dict[_Key, list[_Key]] = {}
    with sorted_gff.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(line for line in lines if line[0] != "#"):
            gene_id = rows.get(number)
            columns = line.rstrip("\n").split("\t")
            is_transcript = _TRANSCRIPT.search(columns[2]) is not None
            if gene_id is None and "product=" not in line and not is_transcript:
                continue
            attributes = parse_column(columns[8])
            own = columns[0], attributes.get("ID", "")
            product = attributes.get(PRODUCT, "")
            if gene_id is not None:
                found[gene_id] = {
                    name: attributes[name]
                    for name in (*GENE_ATTRIBUTES, PRODUCT)
                    if name in attributes
                }
                keys[gene_id] = own
                continue
            if product:
                products.setdefault(own, product)
            for parent in attributes.get("Parent", "").split(","):
                if product:
                    products.setdefault((columns[0], parent), product)
                if is_transcript and own[1] and parent:
                    children.setdefault((columns[0], parent), []).append(own)
    for gene_id, attributes in found.items():
        key = keys[gene_id]
        candidates = (key, *children.get(key, ()))
        product = next((products[one] for one in candidates if one in products), "")
        if key[1] and product:
            attributes.setdefault(PRODUCT, product)
    return {gene_id: tuple(attributes.items()) for gene_id, attributes in found.items()}
