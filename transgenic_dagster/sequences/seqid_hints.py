"""Hints on sequence names that differ only by a known convention, such as 1, chr1 and Chr01.

Hints go into messages; nothing is ever renamed or guessed.
"""

import re
from collections.abc import Iterable, Sequence

_PREFIX = re.compile(r"^(chromosome|chrom|chr)[_.-]?", re.IGNORECASE)
_ACCESSION_VERSION = re.compile(r"(?<=[0-9]{5})\.[0-9]+$")
_ORGANELLES = {"c": "pt", "mt": "m", "mito": "m", "mitochondrion": "m", "chloroplast": "pt"}
_EXAMPLES = 3


class SeqidHints:
    """Finds sequences of a FASTA file whose names resemble those of an annotation.

    Args:
        seqids: names in the FASTA file.
    """

    def __init__(self, seqids: Iterable[str]) -> None:
        self._by_plain_name: dict[str, str] = {}
        for seqid in seqids:
            self._by_plain_name.setdefault(_plain_name(seqid), seqid)

    def similar(self, seqid: str) -> str | None:
        """Return the sequence that ``seqid`` may mean under another convention, if there is one."""
        return self._by_plain_name.get(_plain_name(seqid))


def examples(seqids: Sequence[str]) -> str:
    """Return the first few names for a message: ``Chr1, Chr2, Chr3, …``."""
    more = ", …" if len(seqids) > _EXAMPLES else ""
    return ", ".join(seqids[:_EXAMPLES]) + more


def _plain_name(seqid: str) -> str:
    """Return the name without prefix, case, leading zeros and accession version."""
    name = _ACCESSION_VERSION.sub("", _PREFIX.sub("", seqid)).lower().lstrip("0")
    return _ORGANELLES.get(name, name)
