"""The index by which JBrowse finds genes by name, in the form Trix of the UCSC Genome Browser.

The first file has a line for each word, in order: the word, then its records, each followed by a
comma and a number that JBrowse does not use. The second file has words with their places in the
first, so that a search reads only a part of it. Facts from JBrowse's reader (``@gmod/trix`` 3.0,
``TrixTextSearchAdapter``): words are in lower case, in the order of their UTF-16 code units; a
place is 10 hexadecimal digits; a record is a JSON array of percent-encoded texts, with ``|`` for
the commas: location, track, and the names of the gene, the one to show first.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from transgenic_dagster.input_genes.gff3 import decode, parse_attributes
from transgenic_dagster.jbrowse.configuration import NAMES_FILES

_NAMES: Final = ("Name", "GM", "gm", "locus_tag", "gene_id", "Alias", "ID")
"""Attributes that name a gene, the one to show first."""

_PARTS: Final = ("\tParent=", ";Parent=")
_STRIDE: Final = 1 << 16
"""Bytes that a search reads at least."""


class NameIndex:
    """Collects the names of genes."""

    def __init__(self) -> None:
        self._records: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, track: str, line: str) -> None:
        """Take a line of GFF3; only features without a parent are found by name.

        Args:
            track: identifier of the track that shows it.
            line: a row or a comment.
        """
        if line.startswith("#") or any(part in line for part in _PARTS):
            return
        seqid, _, _, start, end, _, _, _, column = line.rstrip("\n").split("\t")
        attributes = parse_attributes(column)
        names = list(dict.fromkeys(attributes[key] for key in _NAMES if attributes.get(key)))
        texts = (f"{decode(seqid)}:{start}..{end}", track, *names)
        record = json.dumps([quote(text, safe="") for text in texts], separators=("|", ":"))
        for word in sorted({word for name in names for word in _words(name)}):
            self._records[word].append(record)

    def write(self, folder: Path) -> None:
        """Write the index into a folder."""
        words, places, description = (folder / name for name in NAMES_FILES)
        offset, last = 0, -_STRIDE
        with words.open("wb") as lines, places.open("w", encoding="utf-8", newline="\n") as steps:
            for word in sorted(self._records, key=_utf_16):
                if offset - last >= _STRIDE:
                    steps.write(f"{word}{offset:010x}\n")
                    last = offset
                numbered = (f"{record},{n}" for n, record in enumerate(self._records[word], 1))
                offset += lines.write(f"{word} {' '.join(numbered)}\n".encode())
        description.write_text(json.dumps({"attributes": list(_NAMES)}) + "\n", encoding="utf-8")


def _words(name: str) -> Iterable[str]:
    """Return the words of a name; an alias may be several names with commas between them."""
    return name.lower().replace(",", " ").split()


def _utf_16(word: str) -> bytes:
    return word.encode("utf-16-be")
