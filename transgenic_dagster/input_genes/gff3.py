"""The GFF3 format: percent-encoding and column 9.

Facts from the specification (https://github.com/The-Sequence-Ontology/Specifications, gff3.md).
"""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from transgenic_dagster.sequences.text_encoding import decode_text

RESERVED_IN_ATTRIBUTE = r"\x00-\x1f\x7f%;=&,"
"""Characters that column 9 reserves, as the inside of a character class of a regular expression."""

_RESERVED_IN_ATTRIBUTE = re.compile(f"[{RESERVED_IN_ATTRIBUTE}]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RESERVED_IN_SEQID = re.compile(r"[^a-zA-Z0-9.:^*$@!+_?|-]")


@lru_cache(maxsize=4096)
def encode_attribute(value: str) -> str:
    """Percent-encode the characters that column 9 reserves: ``; = & , %`` and control characters.

    Blanks, quotes and letters outside ASCII stay as they are.
    """
    return _RESERVED_IN_ATTRIBUTE.sub(_percent, value)


def encode_control_characters(row: str) -> str:
    """Percent-encode the control characters of a row, but the tabs between its columns."""
    return _CONTROL.sub(_percent, row)


def encode_seqid(seqid: str) -> str:
    """Percent-encode what column 1 does not allow: all but ``[a-zA-Z0-9.:^*$@!+_?|-]``."""
    return _RESERVED_IN_SEQID.sub(_percent, seqid)


def decode(value: str) -> str:
    """Undo percent-encoding; a ``%`` that two hexadecimal digits do not follow stays."""
    if "%" not in value:
        return value
    return decode_text(unquote_to_bytes(value))


def parse_attributes(column: str) -> dict[str, str]:
    """Return the decoded attributes of column 9, in order.

    Stray blanks and semicolons are ignored, so are parts without ``=``; of a key that occurs twice
    the first counts. Commas between several values stay as they are.
    """
    attributes: dict[str, str] = {}
    for part in column.split(";"):
        key, equals, value = part.partition("=")
        if equals and (key := decode(key.strip(" "))):
            attributes.setdefault(key, decode(value.strip(" ")))
    return attributes


def attribute(column: bytes, key: bytes) -> bytes:
    """Return an attribute of column 9 as written, empty where it is absent.

    Args:
        column: column 9, with or without the line's end.
        key: the name and an equals sign.
    """
    if column.startswith(key):
        start = len(key)
    elif (before := column.find(b";" + key)) >= 0:
        start = before + 1 + len(key)
    elif b" " in column:
        parts = (part.partition(b"=") for part in column.rstrip(b"\n").split(b";"))
        name = key[:-1]
        return next((value.strip(b" ") for one, _, value in parts if one.strip(b" ") == name), b"")
    else:
        return b""
    end = column.find(b";", start)
    return column[start : end if end >= 0 else None].strip(b" \n")


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())
