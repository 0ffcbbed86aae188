"""Identifiers of predicted features, derived from the input gene's id and the same in every run."""

import re
from typing import Final

_FEATURE_ID: Final = re.compile(
    r"gene:(?P<gene>.+)"
    r"|(?:mRNA|CDS):(?P<transcript>.+)\.t[0-9]+"
    r"|(?:CDS|exon|five_prime_UTR|three_prime_UTR):(?P<part>.+)\.t[0-9]+\.[0-9]+",
    re.DOTALL,
)


def feature_id(
    kind: str, gm_id: str, transcript: int | None = None, part: int | None = None
) -> str:
    """Return an identifier such as ``gene:X``, ``mRNA:X.t1`` or ``exon:X.t1.2``, not yet encoded.

    Distinct features of genes with distinct ids never share one: the kind in front keeps the gene
    ``X.t1`` apart from the first transcript of ``X``, and features of one kind always have the
    same number of suffixes.

    Args:
        kind: feature type without a colon in it.
        gm_id: identifier of the input gene, decoded.
        transcript: 1-based number of the transcript.
        part: 1-based number of the part along the strand of the transcript.
    """
    identifier = f"{kind}:{gm_id}"
    if transcript is not None:
        identifier += f".t{transcript}"
    if part is not None:
        identifier += f".{part}"
    return identifier


def gm_id_of(identifier: str) -> str | None:
    """Return the input gene whose predicted features may have an identifier, None for no gene's.

    Args:
        identifier: decoded.
    """
    match = _FEATURE_ID.fullmatch(identifier)
    return match[match.lastgroup or 0] if match else None
