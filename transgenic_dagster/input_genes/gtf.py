"""Column 9 of GTF and other relatives of GFF3, rewritten as GFF3."""

import re

from transgenic_dagster.input_genes.feature_types import GENE_PATTERN, TRANSCRIPT_PATTERN
from transgenic_dagster.input_genes.gff3 import RESERVED_IN_ATTRIBUTE, encode_attribute

GTF_START_PATTERN = r"^\s*(gene_id|transcript_id)\s"
"""The beginning of a column 9 that is GTF whatever follows."""

GFF3_START_PATTERN = r'^([^"=]*=|[.]?[ ;]*$)'
"""The beginning of a column 9 that is GFF3, or empty, unless it begins as GTF does."""

_GTF_START = re.compile(GTF_START_PATTERN)
_GFF3_START = re.compile(GFF3_START_PATTERN)
# A key, then one value in quotes, or else anything up to a semicolon outside quotes.
_ENTRY = re.compile(r'([^\s;"]+)\s+(?:"([^"]*)"\s*(?=;|$)|((?:"[^"]*"|[^;"])+))')
_QUOTED = re.compile(r'"([^"]*)"')
# The form of nearly all rows; nothing in them needs encoding.
_PLAIN = re.compile(rf'(?:\w+ "[^"{RESERVED_IN_ATTRIBUTE}]*"; ?)+')
_PLAIN_ENTRY = re.compile(r'(\w+) "([^"]*)"')
_GENE_TYPE = re.compile(GENE_PATTERN)
_TRANSCRIPT_TYPE = re.compile(TRANSCRIPT_PATTERN)
_AUGUSTUS_TRANSCRIPT = re.compile(r"(.+)\.t[0-9]+")


def is_gff3(column: str) -> bool:
    """Return whether a column 9 is GFF3 (or empty): an equals sign comes before any quotes."""
    return not _GTF_START.match(column) and _GFF3_START.match(column) is not None


def rows_as_gff3(text: str) -> str:
    """Return rows with column 9 in GFF3, line by line; other lines stay as they are."""
    return "\n".join(map(_row_as_gff3, text.split("\n")))


def _row_as_gff3(row: str) -> str:
    columns = row.split("\t")
    if len(columns) != 9 or row.startswith("#") or is_gff3(columns[8]):
        return row
    columns[8] = gff3_attributes(columns[2], columns[8])
    return "\t".join(columns)


def gff3_attributes(feature_type: str, column: str) -> str:
    """Return column 9 in GFF3, with ``ID`` and ``Parent`` made from the identifiers of GTF.

    All attributes are kept; several values of a key are joined by commas. A single word, as
    AUGUSTUS and BRAKER write for genes and transcripts, is taken for the identifier; ``g1.t2`` is
    then a transcript of ``g1``. A transcript that has its gene's identifier gets ``.transcript``
    appended, because identifiers of GFF3 are unique.

    Args:
        feature_type: column 3.
        column: column 9 as in the file.
    """
    attributes = _encoded_attributes(column)
    gene_id = attributes.get("gene_id", "").partition(",")[0]
    transcript_id = attributes.get("transcript_id", "").partition(",")[0]
    if not attributes and (word := column.strip(" ;")):
        gene_id, transcript_id = _ids_from_word(feature_type, encode_attribute(word))
    if transcript_id and transcript_id == gene_id:
        transcript_id = f"{gene_id}.transcript"
    if _GENE_TYPE.search(feature_type):
        derived = {"ID": gene_id}
    elif _TRANSCRIPT_TYPE.search(feature_type):
        derived = {"ID": transcript_id, "Parent": gene_id}
    else:
        derived = {"Parent": transcript_id or gene_id}
    leading = {key: value for key, value in derived.items() if value and key not in attributes}
    return ";".join([f"{key}={value}" for key, value in (leading | attributes).items()])


def _encoded_attributes(column: str) -> dict[str, str]:
    """Return the attributes of a GTF column as GFF3 writes them."""
    if _PLAIN.fullmatch(column):
        pairs = _PLAIN_ENTRY.findall(column)
        attributes = dict(pairs)
        if len(attributes) == len(pairs):
            return attributes
    return {
        encode_attribute(key): ",".join(map(encode_attribute, values))
        for key, values in parse_gtf(column).items()
    }


def parse_gtf(column: str) -> dict[str, list[str]]:
    """Return the attributes of a GTF column, in order, each with its values.

    Keys without a value are ignored, so a single word has no attributes.
    """
    attributes: dict[str, list[str]] = {}
    for key, value, text in _ENTRY.findall(column):
        if text.isspace():
            continue
        values = _QUOTED.findall(text) or [text.strip()] if text else [value]
        attributes[key] = attributes.get(key, []) + values
    return attributes


def _ids_from_word(feature_type: str, word: str) -> tuple[str, str]:
    """Return the gene and transcript that a column 9 of a single word means."""
    if _GENE_TYPE.search(feature_type):
        return word, ""
    gene = _AUGUSTUS_TRANSCRIPT.fullmatch(word)
    return (gene[1] if gene else ""), word
